from pyg_hcsf.datasets.mpi_inf_3dhp.constants import (
    H36M17_OF_RELEVANT17,
    JOINTS28,
    RELEVANT17_OF_28,
    TEST_SEQUENCES,
    TRAIN_SEQUENCES,
)
from tests.datasets.mpi_inf_3dhp.mpi_inf_3dhp_files import (
    H36M,
    NAMES17,
    NAMES28,
)


def test_facts():
    assert list(JOINTS28) == NAMES28
    assert [NAMES28[i] for i in RELEVANT17_OF_28] == NAMES17
    assert [NAMES17[i] for i in H36M17_OF_RELEVANT17] == H36M
    assert sum(s.valid for s in TEST_SEQUENCES.values()) == 2929
    assert sum(s.frames for s in TEST_SEQUENCES.values()) == 24_888
    assert sum(frames for frames, _ in TRAIN_SEQUENCES.values()) == 131_592
    slow = [name for name, (_, fps) in TRAIN_SEQUENCES.items() if fps == 25]
    assert len(slow) == 11
