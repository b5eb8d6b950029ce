import pytest

from pyg_hcsf.datasets.ntu.benchmarks import (
    BENCHMARKS,
    get_benchmark,
    split_names,
)
from pyg_hcsf.datasets.ntu.clip_names import (
    ClipName,
    missing_skeletons,
    parse_name,
)

# Training subjects as 2s-AGCN and MS-G3D list them.
NTU60 = {1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34}
NTU60 |= {35, 38}
NTU120 = NTU60 | {45, 46, 47, 49, 50, 52, 53, 54, 55, 56, 57, 58, 59, 70, 74}
NTU120 |= {78, 80, 81, 82, 83, 84, 85, 86, 89, 91, 92, 93, 94, 95, 97, 98}
NTU120 |= {100, 103}
# Numbers of clips without and with those of missing skeletons.
SIZES = {
    'ntu60-xsub': (40_091, 16_487, 40_320, 16_560),
    'ntu60-xview': (37_646, 18_932, 37_920, 18_960),
    'ntu120-xsub': (63_026, 50_919, 63_360, 51_120),
    'ntu120-xset': (54_468, 59_477, 54_720, 59_760),
}


def names_of(pairs, actions):
    return [
        str(ClipName(setup, camera, subject, replication, action))
        for setup, subject in pairs
        for camera in (1, 2, 3)
        for replication in (1, 2)
        for action in actions
    ]


def complete(setups, subjects, num_train, num_even, num, missing):
    """As many (setup, subject) as are published, with all of the missing."""
    pairs = {(name.setup, name.subject) for name in missing}
    for even, train in ((True, True), (True, False), (False, False)):
        for setup in setups:
            for subject in subjects:
                if (setup % 2 == 0, subject in NTU120) != (even, train):
                    continue
                trained = sum(p in NTU120 for _, p in pairs)
                tested = len(pairs) - trained
                evens = sum(s % 2 == 0 for s, _ in pairs)
                if (
                    (
                        trained < num_train
                        if train
                        else tested < num - num_train
                    )
                    and (not even or evens < num_even)
                    and (even or len(pairs) - evens < num - num_even)
                ):
                    pairs.add((setup, subject))
    for setup in setups:  # the rest: odd setups, training subjects
        for subject in subjects:
            if setup % 2 and subject in NTU120 and len(pairs) < num:
                pairs.add((setup, subject))
    return pairs


@pytest.fixture(scope='module')
def names():
    """All 114,480 names. The files of a (setup, subject) are either all there
    or all not, in 360 combinations; which ones are is not published as a
    list, so those without missing skeletons are made up here.
    """
    missing = [parse_name(name) for name in missing_skeletons()]
    old = [name for name in missing if name.action <= 60]
    new = [name for name in missing if name.action > 60]
    assert all(name.setup <= 17 and name.subject <= 40 for name in old)
    assert all(name.setup >= 18 for name in new)
    first = complete(range(1, 18), range(1, 41), 112, 76, 158, old)
    second = complete(range(18, 33), range(41, 107), 64, 76, 160, new)
    return [
        *names_of(first, range(1, 61)),
        *names_of(second, range(61, 121)),
    ]


@pytest.mark.parametrize('benchmark', BENCHMARKS)
def test_split_sizes(names, benchmark):
    train, test, all_train, all_test = SIZES[benchmark]
    rule = get_benchmark(benchmark)
    assert len(set(names)) == 114_480
    whole = [
        rule.is_train(n) for n in map(parse_name, names) if rule.contains(n)
    ]
    assert (sum(whole), len(whole)) == (all_train, all_train + all_test)
    split = split_names(names, benchmark)
    assert (len(split['train']), len(split['test'])) == (train, test)
    assert (rule.train, rule.test) == (train, test)
    assert split['train'] == sorted(split['train'])


def test_split_rules():
    sides = {
        benchmark: [
            get_benchmark(benchmark).is_train(parse_name(name))
            for name in ('S001C001P001R001A001', 'S002C002P003R001A001')
        ]
        for benchmark in BENCHMARKS
    }
    assert sides == {
        'ntu60-xsub': [True, False],
        'ntu60-xview': [False, True],
        'ntu120-xsub': [True, False],
        'ntu120-xset': [False, True],
    }


def test_unknown_benchmark():
    with pytest.raises(ValueError, match="'ntu60-xsub'.*got 'xsub'"):
        get_benchmark('xsub')
