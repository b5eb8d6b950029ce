r"""Names of actions, scenes and excluded sequences of the data sets."""

#: The actions of Human3.6M in the order of the columns of published tables.
H36M_ACTIONS = (
    'Directions', 'Discussion', 'Eating', 'Greeting', 'Phoning', 'Photo',
    'Posing', 'Purchases', 'Sitting', 'SittingDown', 'Smoking', 'Waiting',
    'WalkDog', 'Walking', 'WalkTogether',
)  # fmt: skip

#: S11 'Directions' without a suffix, whose video is corrupted (VideoPose3D
#: ``data/prepare_data_h36m.py:68``). A sequence has two names: that of LCN's
#: video files, and that of the official files.
S11_DIRECTIONS = ('s_11_act_02_subact_02', 'S11 Directions')

#: S9 'Greeting', 'SittingDown' and 'Waiting', whose ground truth is shifted
#: (MotionBERT ``train.py:109-116``). No protocol here excludes them by
#: default; to do so::
#:
#:     replace(protocol, dropped=protocol.dropped + S9_BLOCKLIST)
S9_BLOCKLIST = (
    's_09_act_05_subact_02',
    's_09_act_10_subact_02',
    's_09_act_13_subact_01',
    'S9 Greeting',
    'S9 SittingDown 1',
    'S9 Waiting 1',
)

#: The scenes of MPI-INF-3DHP's test set: TS1 and TS2 in front of a green
#: screen, TS3 and TS4 in the same studio without, TS5 and TS6 outdoors.
MPI_INF_3DHP_SCENES = ('GS', 'noGS', 'Outdoor')
