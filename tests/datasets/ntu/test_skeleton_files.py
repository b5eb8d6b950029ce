import re
import zipfile

import pytest

from pyg_hcsf.datasets.ntu.skeleton_files import FILE_LIMIT, find_skeletons

CLIP = 'S001C001P001R001A005'
PLAIN = f'{CLIP}.skeleton'
COPIES = (
    f'{CLIP} (1).skeleton',
    f'{CLIP}(2).skeleton',
    f'{CLIP} - Copy.skeleton',
    f'{CLIP} - Kopie (3).skeleton',
    f'Copy of {CLIP}.skeleton',
    f'{CLIP} copy 2.skeleton',
    f'{CLIP}.skeleton.skeleton',
    f'{CLIP}_1.SKELETON',
)


def put(folder, sizes):
    for name, size in sizes.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b'1' * size)


@pytest.mark.parametrize('name', COPIES)
def test_copy_in_the_folder_of_its_clip(tmp_path, name):
    put(tmp_path, {PLAIN: 9, name: 9, 'S001C001P001R001A006.skeleton': 9})
    text = (
        rf"Skipped 1 \.skeleton file: '.*{re.escape(name)}' \('.*{PLAIN}' is r"
    )
    with pytest.warns(UserWarning, match=text):
        members = find_skeletons([tmp_path])
    assert [m.name[17:20] for m in members] == ['005', '006']
    assert members[0].path == tmp_path / PLAIN


@pytest.mark.parametrize('name', COPIES)
def test_a_copy_alone(tmp_path, name):
    put(tmp_path, {name: 9})
    (member,) = find_skeletons([tmp_path])
    assert (member.name, member.path) == (PLAIN, tmp_path / name)


def test_a_copy_of_a_file_that_is_cut_off(tmp_path):
    put(tmp_path, {PLAIN: 5, COPIES[0]: 9})
    with pytest.warns(UserWarning, match=rf"{PLAIN}' \('.* \(1\)"):
        (member,) = find_skeletons([tmp_path])
    assert member.path == tmp_path / COPIES[0]


@pytest.mark.parametrize('name', [PLAIN.upper(), PLAIN.lower()])
def test_upper_and_lower_case(tmp_path, name):
    put(tmp_path, {name: 9})
    with zipfile.ZipFile(tmp_path / 'A.ZIP', 'w') as archive:
        archive.writestr(f'a/{name}', 'abc')
    for root in (tmp_path / name, tmp_path / 'A.ZIP'):
        assert find_skeletons([root])[0].name == PLAIN


def test_hidden_files_of_operating_systems(tmp_path):
    put(tmp_path, {PLAIN: 9, f'._{PLAIN}': 9, '.DS_Store': 9})
    put(tmp_path, {f'__MACOSX/a/._{PLAIN}': 9, f'{PLAIN}.part': 9})
    (member,) = find_skeletons([tmp_path])
    assert member.path == tmp_path / PLAIN


def test_archive_in_the_folder_of_its_files(tmp_path):
    put(tmp_path, {f'a/{PLAIN}': 9})
    with zipfile.ZipFile(tmp_path / 'b.zip', 'w') as archive:
        archive.writestr(PLAIN, '1' * 9)
    with pytest.warns(UserWarning, match=rf"b\.zip/{PLAIN}'.*is read"):
        (member,) = find_skeletons([tmp_path])
    assert member.member == ''
    put(tmp_path, {f'a/{PLAIN}': 8})
    with pytest.raises(ValueError, match='with 8 bytes .*with 9.: rem'):
        find_skeletons([tmp_path])


@pytest.mark.parametrize(
    'name, size, reason',
    [
        ('S001C001P001R001A006.skeleton', 0, 'it is empty'),
        ('S001C001P001R001A006.skeleton', FILE_LIMIT + 1, '16,777,217 bytes'),
        ('walking.skeleton', 9, 'none of NTU'),
        ('S001C001P001R001A0050.skeleton', 9, 'none of NTU'),
        ('S000C001P001R001A005.skeleton', 9, 'none of NTU'),
        (f'{CLIP} vs {CLIP}.skeleton', 9, 'none of NTU'),
    ],
)
def test_skipped_files(tmp_path, name, size, reason):
    put(tmp_path, {name: size})
    with pytest.raises(ValueError, match=rf'such as .*{name}.*{reason}'):
        find_skeletons([tmp_path])
    put(tmp_path, {PLAIN: 9})
    with pytest.warns(UserWarning, match=rf'{name}.*{reason}'):
        assert [m.name for m in find_skeletons([tmp_path])] == [PLAIN]


def test_warnings_are_bounded(tmp_path):
    put(tmp_path, {PLAIN: 9})
    with zipfile.ZipFile(tmp_path / 'a.zip', 'w') as archive:
        for k in range(3000):
            archive.writestr(f'{k}{"x" * 5000}.skeleton', 'abc')
    with pytest.warns(UserWarning, match=r'3,000 .*and 2,995 more') as caught:
        find_skeletons([tmp_path])
    assert len(str(caught[0].message)) < 2500
