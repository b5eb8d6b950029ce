r"""Reads files that may be damaged or hostile, in bounded memory and time and
without running their code; errors name the file, the cause and a remedy.

One module per file format: :obj:`npy` (also :obj:`.npz`), :obj:`hdf5`,
:obj:`matlab`, :obj:`json_file`, :obj:`yaml_file`, :obj:`archives` (folders and
:obj:`.zip`), :obj:`tar_archive`, and for pickles :obj:`pickle_reader`, which
runs the :obj:`pickle_interpreter` with the replacements of
:obj:`pickle_globals`, and :obj:`pickle_scan`, which loads nothing. Besides,
:obj:`shown` makes texts for error messages, and :obj:`atomic_write` writes.
"""
