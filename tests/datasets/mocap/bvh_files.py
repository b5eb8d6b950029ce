"""Writes BVH files of a person on common rigs."""

from __future__ import annotations

import math
from pathlib import Path

# Role, the role above, offset in centimetres: y up, looking along z.
BODY = (
    ('hips', '', (0, 0, 0)),
    ('spine', 'hips', (0, 10, 0)),
    ('chest', 'spine', (0, 18, 0)),
    ('neck', 'chest', (0, 24, 0)),
    ('head', 'neck', (0, 9, 2)),
)
LIMB_BODY = (  # of the left; the right has -x
    ('thigh', 'hips', (9, -3, 0)),
    ('shin', 'left thigh', (1, -42, 0)),
    ('foot', 'left shin', (0, -41, -2)),
    ('toe', 'left foot', (1, -6, 13)),
    ('collar', 'chest', (3, 17, 1)),
    ('arm', 'left collar', (14, 1, 0)),
    ('forearm', 'left arm', (28, 0, 0)),
    ('hand', 'left forearm', (25, 0, 0)),
)
BODY += tuple(
    (f'{side} {role}', above.replace('left', side), (x * sign, y, z))
    for side, sign in (('left', 1), ('right', -1))
    for role, above, (x, y, z) in LIMB_BODY
)
ENDS = {'head': (0, 18, 0), 'left hand': (9, 0, 0), 'right hand': (-9, 0, 0)}
TRUNK = ('hips', 'spine', 'chest', 'neck', 'head')
LIMBS = ('thigh', 'shin', 'foot', 'toe', 'collar', 'arm', 'forearm', 'hand')


def rig(trunk: str, limbs: str, sides: str) -> dict[str, str]:
    r"""The name of each role: those of the trunk and of the limbs, in which
    one of the two sides replaces :obj:`'*'`.
    """
    names = dict(zip(TRUNK, trunk.split(','), strict=True))
    for side, text in zip(('left', 'right'), sides.split(','), strict=True):
        for role, name in zip(LIMBS, limbs.split(','), strict=True):
            names[f'{side} {role}'] = name.replace('*', text)
    return names


MIXAMO = (
    'Hips,Spine,Spine1,Neck,Head',
    '*UpLeg,*Leg,*Foot,*ToeBase,*Shoulder,*Arm,*ForeArm,*Hand',
    'Left,Right',
)
RIGS = {
    'motionbuilder': rig(*MIXAMO),
    'mixamo': {r: f'mixamorig:{n}' for r, n in rig(*MIXAMO).items()},
    'mixamo7': {r: f'mixamorig7_{n}' for r, n in rig(*MIXAMO).items()},
    'character': {r: f'Character1_{n}' for r, n in rig(*MIXAMO).items()},
    'bandai': rig(
        'Hips,Spine,Chest,Neck,Head',
        'UpperLeg*,LowerLeg*,Foot*,Toes*,Shoulder*,UpperArm*,LowerArm*,Hand*',
        '_L,_R',
    ),
    'daz': rig(
        'hip,abdomen,chest,neck,head',
        '*Thigh,*Shin,*Foot,*Toe,*Collar,*Shldr,*ForeArm,*Hand',
        'l,r',
    ),
    'genesis': rig(
        'hip,abdomenLower,chestLower,neckLower,head',
        '*ThighBend,*Shin,*Foot,*Toe,*Collar,*ShldrBend,*ForearmBend,*Hand',
        'l,r',
    ),
    'rokoko': rig(
        'Hips,Spine1,Spine4,Neck,Head',
        '*Thigh,*Shin,*Foot,*Toe,*Shoulder,*Arm,*ForeArm,*Hand',
        'Left,Right',
    ),
    'xsens': rig(
        'Hips,Chest,Chest4,Neck,Head',
        '*Hip,*Knee,*Ankle,*Toe,*Collar,*Shoulder,*Elbow,*Wrist',
        'Left,Right',
    ),
    'mvn': rig(
        'Pelvis,L5,T8,Neck,Head',
        '*UpperLeg,*LowerLeg,*Foot,*Toe,*Shoulder,*UpperArm,*ForeArm,*Hand',
        'Left,Right',
    ),
    'smpl': rig(
        'Pelvis,Spine1,Spine3,Neck,Head',
        '*_Hip,*_Knee,*_Ankle,*_Foot,*_Collar,*_Shoulder,*_Elbow,*_Wrist',
        'L,R',
    ),
    'smplx': rig(
        'pelvis,spine1,spine3,neck,head',
        '*_hip,*_knee,*_ankle,*_foot,*_collar,*_shoulder,*_elbow,*_wrist',
        'left,right',
    ),
    'mmd': rig(
        'センター,上半身,上半身2,首,頭',
        '*足,*ひざ,*足首,*つま先,*肩,*腕,*ひじ,*手首',
        '左,右',
    ),
    'mmd_blender': rig(
        'センター,上半身,上半身2,首,頭',
        '足*,ひざ*,足首*,つま先*,肩*,腕*,ひじ*,手首*',
        '.L,.R',
    ),
    'mmd_english': rig(
        'center,upper body,upper body2,neck,head',
        'leg*,knee*,ankle*,toe*,shoulder*,arm*,elbow*,wrist*',
        '_L,_R',
    ),
    'mocopi': rig(
        'root,torso_3,torso_7,neck_1,head',
        '*_up_leg,*_low_leg,*_foot,*_toes,*_shoulder,*_up_arm,*_low_arm,*_hand',
        'l,r',
    ),
    'unreal': rig(
        'pelvis,spine_01,spine_03,neck_01,head',
        'thigh*,calf*,foot*,ball*,clavicle*,upperarm*,lowerarm*,hand*',
        '_l,_r',
    ),
    'biped': rig(
        'Bip01,Bip01 Spine,Bip01 Spine1,Bip01 Neck,Bip01 Head',
        'Bip01 * Thigh,Bip01 * Calf,Bip01 * Foot,Bip01 * Toe0,'
        'Bip01 * Clavicle,Bip01 * UpperArm,Bip01 * Forearm,Bip01 * Hand',
        'L,R',
    ),
    'rigify': rig(
        'spine,spine.001,spine.003,spine.004,spine.006',
        'thigh*,shin*,foot*,toe*,shoulder*,upper_arm*,forearm*,hand*',
        '.L,.R',
    ),
    'vrm': rig(
        'J_Bip_C_Hips,J_Bip_C_Spine,J_Bip_C_Chest,J_Bip_C_Neck,J_Bip_C_Head',
        'J_Bip_*_UpperLeg,J_Bip_*_LowerLeg,J_Bip_*_Foot,J_Bip_*_ToeBase,'
        'J_Bip_*_Shoulder,J_Bip_*_UpperArm,J_Bip_*_LowerArm,J_Bip_*_Hand',
        'L,R',
    ),
    'acclaim': rig(
        'root,lowerback,thorax,lowerneck,head',
        '*femur,*tibia,*foot,*toes,*clavicle,*humerus,*radius,*wrist',
        'l,r',
    ),
    'vicon': rig(
        'pelvis,lowerback,thorax,neck,head',
        '*femur,*tibia,*foot,*toes,*clavicle,*humerus,*radius,*hand',
        'l,r',
    ),
    'beat': rig(
        'Hips,Spine,Spine3,Neck,Head',
        '*UpLeg,*Leg,*Foot,*ToeBase,*Shoulder,*Arm,*Arm1,*Hand',
        'L,R',
    ),
    'motive': rig(
        'Hip,Ab,Chest,Neck,Head',
        '*Thigh,*Shin,*Foot,*Toe,*Shoulder,*UArm,*FArm,*Hand',
        'L,R',
    ),
    'arkit': rig(
        'hips_joint,spine_2_joint,spine_7_joint,neck_1_joint,head_joint',
        '*_upLeg_joint,*_leg_joint,*_foot_joint,*_toes_joint,'
        '*_shoulder_1_joint,*_arm_joint,*_forearm_joint,*_hand_joint',
        'left,right',
    ),
    'second_life': rig(
        'mPelvis,mTorso,mChest,mNeck,mHead',
        'mHip*,mKnee*,mAnkle*,mFoot*,mCollar*,mShoulder*,mElbow*,mWrist*',
        'Left,Right',
    ),
    'character_creator': rig(
        'CC_Base_Hip,CC_Base_Waist,CC_Base_Spine02,CC_Base_NeckTwist01,'
        'CC_Base_Head',
        'CC_Base_*_Thigh,CC_Base_*_Calf,CC_Base_*_Foot,CC_Base_*_ToeBase,'
        'CC_Base_*_Clavicle,CC_Base_*_Upperarm,CC_Base_*_Forearm,'
        'CC_Base_*_Hand',
        'L,R',
    ),
    'chinese': rig(
        '骨盆,脊柱,胸,颈,头',
        '*大腿,*小腿,*脚,*脚趾,*锁骨,*上臂,*前臂,*手',
        '左,右',
    ),
    'kinect': rig(
        'SpineBase,SpineMid,SpineShoulder,Neck,Head',
        'Hip*,Knee*,Ankle*,Foot*,Collar*,Shoulder*,Elbow*,Wrist*',
        'Left,Right',
    ),
}  # fmt: skip
UNKNOWN = {role: f'bone{i}' for i, (role, *_) in enumerate(BODY)}


def write_person(
    path: Path,
    names: dict[str, str],
    unit: float = 10.0,
    up: str = 'y',
    fps: float = 50.0,
    frames: int = 60,
    encoding: str = 'utf-8',
) -> Path:
    r"""Writes a person who walks along the axis ahead.

    Args:
        path (pathlib.Path): The file.
        names (dict): The joint of each role.
        unit (float, optional): Its length in millimetres.
        up (str, optional): :obj:`'y'` or :obj:`'z'`; the root is turned.
        fps, frames, encoding (optional): Of the file.
    """
    below: dict[str, list[str]] = {}
    offsets = {}
    for role, above, offset in BODY:
        below.setdefault(above, []).append(role)
        offsets[role] = offset
    order: list[str] = []
    lines = ['HIERARCHY']

    def offset_of(offset: tuple[float, ...]) -> str:
        return ' '.join(f'{v * 10 / unit:.6f}' for v in offset)

    def joint(role: str) -> None:
        order.append(role)
        lines.append(f'{"JOINT" if order[1:] else "ROOT"} {names[role]}')
        lines.extend(['{', f'OFFSET {offset_of(offsets[role])}'])
        place = 'Xposition Yposition Zposition ' * (len(order) == 1)
        rotation = 'Xrotation Yrotation Zrotation'
        lines.append(f'CHANNELS {6 if place else 3} {place}{rotation}')
        for child in below.get(role, []):
            joint(child)
        if role not in below:
            end = offset_of(ENDS.get(role, (0, 0, 0)))
            lines.extend(['End Site', '{', f'OFFSET {end}', '}'])
        lines.append('}')

    joint('hips')
    lines += ['MOTION', f'Frames: {frames}', f'Frame Time: {1 / fps:.7f}']
    for frame in range(frames):
        wave = math.sin(2 * math.pi * frame / fps)
        ahead = 100.0 * frame / fps
        place = (0, 92, ahead) if up == 'y' else (0, -ahead, 92)
        row = [v * 10 / unit for v in place]
        for role in order:
            swing = {'left thigh': wave, 'right thigh': -wave}.get(role, 0)
            bend = 40 * (1 + swing) if role.endswith('shin') else -25 * swing
            turn = 90 if role == 'hips' and up == 'z' else bend
            row += [
                turn,
                0,
                -60 * (role == 'left arm') + 60 * (role == 'right arm'),
            ]
        lines.append(' '.join(f'{v:.5f}' for v in row))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes('\n'.join([*lines, '']).encode(encoding))
    return path
