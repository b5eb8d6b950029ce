r"""The command pyg-hcsf. PyTorch is imported where it is needed, within
functions, so that ``--help`` and errors of the command line are quick.
"""
