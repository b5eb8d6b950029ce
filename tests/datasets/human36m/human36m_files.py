"""Writes small files in each format of Human3.6M."""

import io
import pickle
import struct
import tarfile
import zlib

import h5py
import numpy as np
import torch
from scipy.io import savemat

from pyg_hcsf.datasets.human36m.constants import H36M17_OF_32, OFFICIAL_ACTIONS
from pyg_hcsf.datasets.synthetic.dataset import motion_clip
from pyg_hcsf.geometry.h36m_cameras import human36m_cameras

TAKES = [('Directions', ''), ('Photo', ' 1'), ('WalkDog', '')]
SUBJECTS = ('S1', 'S5', 'S6', 'S7', 'S8', 'S9', 'S11')
SHORT = list(OFFICIAL_ACTIONS.values())
OFFICIAL = {short: name for name, short in OFFICIAL_ACTIONS.items()}
FRAMES = 12


def world(subject, action, frames=FRAMES):
    """The 32 joints of a take in world millimetres, [T, 32, 3] float32."""
    pos = motion_clip(subject, action, 1, frames).pos.numpy().swapaxes(0, 1)
    out = np.full((frames, 32, 3), 7.0, np.float32)
    out[:, H36M17_OF_32] = pos - pos[:1, :1] * [1, 1, 0]
    return out


def motion(subjects=SUBJECTS, takes=TAKES):
    return {
        subject: {
            f'{action}{suffix}': world(subject, action, FRAMES + i)
            for i, (action, suffix) in enumerate(takes)
        }
        for subject in subjects
    }


# Left and right joints, as the metadata of VideoPose3D's files list them.
H36M16 = [[4, 5, 6, 10, 11, 12], [1, 2, 3, 13, 14, 15]]
MPII = [[3, 4, 5, 13, 14, 15], [0, 1, 2, 10, 11, 12]]
COCO = [[*range(1, 16, 2)], [*range(2, 17, 2)]]
# The joints of stacked hourglass networks, in MPII's order, among ours.
H36M17_OF_MPII = [3, 2, 1, 4, 5, 6, 0, 7, 8, 10, 16, 15, 14, 11, 12, 13]


def views(subject, joints, distortion=None):
    """Camera-frame millimetres and pixels by camera, float64."""
    for camera in human36m_cameras(subject):
        pos = torch.from_numpy(joints[:, H36M17_OF_32].astype(np.float64))
        y = camera.world_to_camera(pos)
        yield camera, y.numpy(), camera.project(y, distortion).numpy()


def npz(**values):
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=True, **values)
    return file.getvalue()


def data_3d(subjects):
    """VideoPose3D's data_3d_h36m.npz."""
    metres = {
        subject: {t: (v / 1000).astype('f4') for t, v in takes.items()}
        for subject, takes in subjects.items()
    }
    return npz(positions_3d=np.array(metres, dtype=object))


def data_2d(subjects, distortion='vp3d', extra=3, joints=slice(None), **meta):
    """VideoPose3D's data_2d_h36m_*.npz, with frames after the mocap's end."""
    found = {}
    for subject, takes in subjects.items():
        found[subject] = {}
        for take, value in takes.items():
            pixels = [x for *_, x in views(subject, value, distortion)]
            found[subject][take] = [
                np.concatenate([x, x[-1:].repeat(extra, 0)])[:, joints].astype(
                    'f4'
                )
                for x in pixels
            ]
    sides = [[4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16]]
    metadata = {'keypoints_symmetry': sides, **meta}
    return npz(
        positions_2d=np.array(found, dtype=object),
        metadata=np.array(metadata, dtype=object),
    )


def write_vp3d(folder, subjects=None):
    subjects = subjects or motion()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'data_3d_h36m.npz').write_bytes(data_3d(subjects))
    (folder / 'data_2d_h36m_gt.npz').write_bytes(data_2d(subjects))
    noisy = data_2d(subjects, distortion='m17')
    (folder / 'data_2d_h36m_cpn_ft_h36m_dbb.npz').write_bytes(noisy)


def cdf(values, wide=True, row_major=False, big_endian=False, pack=False):
    """A CDF file of version 3 (or 2.6) with 'Pose' as its only variable, in
    two blocks of records if there are several records.
    """
    word = 8 if wide else 4
    values = np.asarray(values)

    def record(kind, *parts):
        body = struct.pack('>i', kind) + b''.join(parts)
        return (word + len(body)).to_bytes(word, 'big') + body

    def ints(*numbers):
        return struct.pack(f'>{len(numbers)}i', *numbers)

    def at(offset):
        return offset.to_bytes(word, 'big')

    def vdr(index):
        sizes = values.shape[1:]
        return record(
            8,
            at(0),
            ints({'f4': 44, 'f8': 45}[values.dtype.str[1:]], len(values) - 1),
            at(index),
            at(index),
            ints(1 + 4 * pack, 0, 0, -1, -1, 1, 0),
            (b'\xff' * word),
            ints(0),
            b'Pose'.ljust(256 if wide else 64, b'\0'),
            ints(len(sizes), *sizes, *[-1] * len(sizes)),
        )

    dtype = values.dtype.newbyteorder('>' if big_endian else '<')
    cut = (len(values) + 1) // 2
    blocks = []
    for part in (values[:cut], values[cut:]):
        if len(part):
            if not row_major:
                part = part.transpose(0, *range(part.ndim - 1, 0, -1))
            body = np.ascontiguousarray(part).astype(dtype).tobytes()
            if pack:
                gzip = zlib.compressobj(wbits=31)
                body = gzip.compress(body) + gzip.flush()
                body = ints(0) + at(len(body)) + body
            blocks.append(record(13 if pack else 7, body))

    def cdr(gdr):
        version = ints(3 if wide else 2, 8 if wide else 6)
        encoding = 1 if big_endian else 6
        flags = 2 + row_major
        return record(
            1,
            at(gdr),
            version,
            ints(encoding, flags, 0, 0, 0, 2, -1),
            b'\nCommon Data Format (CDF)'.ljust(256, b'\0'),
        )

    def gdr(variable, end):
        return record(
            2,
            at(0),
            at(variable),
            at(0),
            at(end),
            ints(0, 0, -1, 0, 1),
            at(0),
            ints(0, -1, -1),
        )

    starts = np.cumsum([8, len(cdr(0)), len(gdr(0, 0)), len(vdr(0))])
    entries = len(blocks)
    size = word + 4 + word + 8 + entries * (8 + word)
    places = starts[3] + size + np.cumsum([0, *map(len, blocks)])
    index = record(
        6,
        at(0),
        ints(entries, entries),
        ints(*[0, cut][:entries]),
        ints(*[cut - 1, len(values) - 1][:entries]),
        *(at(int(place)) for place in places[:-1]),
    )
    assert len(index) == size
    magic = b'\xcd\xf3\x00\x01' if wide else b'\xcd\xf2\x60\x02'
    return b''.join(
        [
            magic + b'\x00\x00\xff\xff',
            cdr(int(starts[1])),
            gdr(int(starts[2]), int(places[-1])),
            vdr(int(starts[3])),
            index,
            *blocks,
        ]
    )


def cdf_files(subjects):
    """The names and contents of the official files."""
    for subject, takes in subjects.items():
        for take, joints in takes.items():
            action, _, number = take.partition(' ')
            if action != 'WalkTogether':  # its name in the official files too
                action = OFFICIAL[action]
            name = f'{action} {number}'.strip()
            path = f'{subject}/MyPoseFeatures/D3_Positions/{name}.cdf'
            yield path, cdf(joints.reshape(1, -1, 96))


def write_cdf(folder, subjects=None):
    for name, content in cdf_files(subjects or motion()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def write_cdfmat(folder, subjects=None, compressed=True, cells=False):
    """What MATLAB saves of cdfread's cell, or scipy of an array of objects."""
    for subject, takes in (subjects or motion()).items():
        for take, joints in takes.items():
            action, _, number = take.partition(' ')
            name = f'{OFFICIAL[action]} {number}'.strip()
            place = folder / subject / 'MyPoseFeatures' / 'D3_Positions'
            place.mkdir(parents=True, exist_ok=True)
            pose = joints.reshape(-1, 96).astype(float)
            data = np.empty((1, 1), object)
            data[0, 0] = pose
            if cells:
                data = np.array([pose], object)
            path = place / f'{name}.cdf.mat'
            savemat(path, {'data': data}, do_compression=compressed)


def write_h5(folder, subjects=None):
    """3d-pose-baseline's files, with the actions as in published tables."""
    for subject, takes in (subjects or motion()).items():
        place = folder / subject / 'MyPoses' / '3D_positions'
        place.mkdir(parents=True, exist_ok=True)
        for take, joints in takes.items():
            with h5py.File(place / f'{take}.h5', 'w') as file:
                pose = joints.reshape(-1, 96).T.astype(float)
                file.create_dataset('3D_positions', data=pose)


def d3_archive(subject, takes):
    """Poses_D3_Positions_S*.tgz."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode='w:gz') as archive:
        for name, content in cdf_files({subject: takes}):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def write_archives(folder, subjects=None):
    folder.mkdir(parents=True, exist_ok=True)
    for subject, takes in (subjects or motion()).items():
        path = folder / f'Poses_D3_Positions_{subject}.tgz'
        path.write_bytes(d3_archive(subject, takes))


def _image(y, x, camera):
    """LCN's pixels with a scaled depth, and the box around the root."""
    fx, fy = camera.focal
    root = y[:, :1]
    corners = [
        (root[:, 0, :2] + sign * 1000) / root[:, 0, 2:] * (fx, fy)
        + camera.center
        for sign in (-1, 1)
    ]
    box = np.concatenate(corners, axis=1)
    ratio = (box[:, 2] - box[:, 0] + 1) / 2000
    depth = ratio[:, None] * (y[..., 2] - root[..., 2])
    return np.concatenate([x, depth[..., None]], axis=-1), box, ratio


def lcn_frames(subjects):
    """The list in LCN's h36m_train.pkl, frame by frame."""
    out = []
    for subject, takes in subjects.items():
        for take, joints in takes.items():
            action = SHORT.index(take.split()[0]) + 2
            subaction = 1 if take.split()[1:] else 2
            number = int(subject[1:])
            for index, (camera, y, x) in enumerate(views(subject, joints)):
                image, box, _ = _image(y, x, camera)
                parameters = {
                    'R': camera.rotation.numpy().T,
                    'T': np.array(camera.translation).reshape(3, 1),
                    'fx': np.array([camera.focal[0]]),
                    'fy': np.array([camera.focal[1]]),
                    'cx': np.array([camera.center[0]]),
                    'cy': np.array([camera.center[1]]),
                    'k': np.array(camera.radial).reshape(3, 1),
                    'p': np.array(camera.tangential).reshape(2, 1),
                    'name': camera.name,
                }
                folder = (
                    f's_{number:02}_act_{action:02}_subact_{subaction:02}_'
                    f'ca_{index + 1:02}'
                )
                for i in range(len(y)):
                    x0, y0, x1, y1 = box[i]
                    out.append(
                        {
                            'videoid': len(out),
                            'cameraid': index,
                            'camera_param': parameters,
                            'imageid': i,
                            'image_path': f'{folder}/{folder}_{i + 1:06}.jpg',
                            'joint_3d_image': image[i],
                            'joint_3d_camera': y[i],
                            'center': ((x0 + x1) / 2, (y0 + y1) / 2),
                            'scale': ((x1 - x0) / 200, (y1 - y0) / 200),
                            'box': box[i],
                            'subject': number,
                            'action': action,
                            'subaction': subaction,
                            'root_depth': y[i, 0, 2],
                        }
                    )
    return out


def _splits(subjects):
    train = {k: v for k, v in subjects.items() if k not in ('S9', 'S11')}
    test = {k: v for k, v in subjects.items() if k in ('S9', 'S11')}
    return {'train': train, 'test': test}


def lcn_detections(subjects):
    """LCN's h36m_sh_dt_ft.pkl: here the pixels plus 1."""
    out = {}
    for split, part in _splits(subjects).items():
        images = np.stack([f['joint_3d_image'] for f in lcn_frames(part)])
        out[split] = {
            'joint3d_image': (images[..., :2] + 1).astype('f4'),
            'confidence': np.ones((len(images), 17, 1), 'f4'),
        }
    return out


def write_lcn(folder, subjects=None):
    subjects = subjects or motion()
    folder.mkdir(parents=True, exist_ok=True)
    for split, part in _splits(subjects).items():
        content = pickle.dumps(lcn_frames(part))
        (folder / f'h36m_{split}.pkl').write_bytes(content)
    content = pickle.dumps(lcn_detections(subjects))
    (folder / 'h36m_sh_dt_ft.pkl').write_bytes(content)


def motionbert(subjects):
    """MotionBERT's h36m_sh_conf_cam_source_final.pkl."""
    out = {}
    for split, part in _splits(subjects).items():
        frames = lcn_frames(part)
        images = np.stack([f['joint_3d_image'] for f in frames])
        depth = np.array([f['root_depth'] for f in frames])
        focal = np.array([f['camera_param']['fx'][0] for f in frames])
        factor = 1 / (focal / depth + 1 / 2000)
        out[split] = {
            'joint_2d': (images[..., :2] + 1).astype('f4'),
            'confidence': np.ones((len(images), 17), 'f4'),
            'joint3d_image': images.astype('f4'),
            'camera_name': [f['camera_param']['name'] for f in frames],
            'source': [f['image_path'].split('/')[0] for f in frames],
        }
        if split == 'test':
            out[split]['action'] = [f'{f["action"]}' for f in frames]
            out[split]['2.5d_factor'] = factor
            scaled = images * factor[:, None, None]
            out[split]['joints_2.5d_image'] = scaled.astype('f4')
    return out


def write_motionbert(folder, subjects=None):
    folder.mkdir(parents=True, exist_ok=True)
    content = pickle.dumps(motionbert(subjects or motion()))
    name = 'h36m_sh_conf_cam_source_final.pkl'
    (folder / name).write_bytes(content)


WRITERS = {
    'vp3d': write_vp3d,
    'cdf': write_cdf,
    'h5': write_h5,
    'lcn': write_lcn,
    'motionbert': write_motionbert,
}
