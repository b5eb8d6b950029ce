import pytest

from pyg_hcsf.data.splits import subjects_of_split


@pytest.mark.parametrize(
    'split, subjects', [('train', {1, 3}), ('val', {5}), ('test', {2, 4})]
)
def test_subjects_of_split(split, subjects):
    found = subjects_of_split(split, [5], (1, 3, 5), (2, 4), 'X')
    assert found == subjects


@pytest.mark.parametrize(
    'split, val_subjects, message',
    [
        ('all', [], "'split'.*'all'"),
        ('train', [2], "'val_subjects'.*each once"),
        ('train', [1, 1], "'val_subjects'.*each once"),
        ('train', [1, 3, 5], "'val_subjects'.*not all"),
        ('val', [], 'X has no official validation split'),
    ],
)
def test_wrong_subjects(split, val_subjects, message):
    with pytest.raises(ValueError, match=message):
        subjects_of_split(split, val_subjects, (1, 3, 5), (2, 4), 'X')
