import pytest

from pyg_hcsf.datasets.arrays import split_subjects

TEN = [f'S{number}' for number in range(10)]


def test_defaults_are_the_last_fifths():
    splits = split_subjects(TEN)
    assert splits.test == ('S8', 'S9') and splits.val == ('S6', 'S7')
    assert splits.train == tuple(TEN[:6])
    assert 'train on S0, S1' in splits.note


def test_two_subjects_validate_on_the_one_that_is_trained_on():
    splits = split_subjects(['b', 'a'])
    assert splits[:3] == (('a',), ('a',), ('b',))
    assert 'validate on those, too' in splits.note


def test_given_subjects():
    splits = split_subjects(TEN, TEN[:2], ['S5'], ['S4', 'S3'])
    assert splits == (('S0', 'S1'), ('S5',), ('S3', 'S4'), '')
    splits = split_subjects(TEN, train=['S0'])
    assert splits.train == ('S0',) and 'leave out S1' in splits.note
    splits = split_subjects(['a', 'b'], ['a'], [], ['b'])
    assert splits.val == ('a',)


@pytest.mark.parametrize(
    'given,message',
    [
        ({'train': ['S1'], 'test': ['S1']}, "test_subjects.*'S1' in both"),
        ({'val': ['S1'], 'test': ['S1']}, 'in both.: results on a person'),
        ({'val': ['S11']}, "val_subjects.*got 'S11', who has no clip"),
        ({'test': TEN}, 'one is to train on'),
        ({'train': TEN}, 'one is to test on'),
    ],
)
def test_refused(given, message):
    with pytest.raises(ValueError, match=message):
        split_subjects(TEN, **given)


def test_one_subject_is_not_enough():
    with pytest.raises(ValueError, match="two or more subjects.*'ann'"):
        split_subjects(['ann'])


@pytest.mark.parametrize(
    'other', ['ZO\u00cb', ' zo\u00eb', 'zoe\u0308', 'Zoe\u0308 ']
)
def test_one_person_is_not_two_subjects(other):
    with pytest.raises(ValueError, match=r"in one way.*'zo\\xeb'.*rename"):
        split_subjects(['zo\u00eb', 'ann', other])
