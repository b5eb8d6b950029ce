"""Finds the limbs of a rig by the names of its joints."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

# Names of the joints at the upper ends of thigh, shin and foot, without case,
# separators, side and the words that most names of a file share
# ('mixamorig:').
LEGS = (
    'upleg leg foot', 'thigh shin foot', 'hip knee ankle',
    'upperleg lowerleg foot', 'thigh calf foot', 'leg knee ankle',
    'upleg lowleg foot', 'upleg loleg foot', 'thighbend shin foot',
    'femur tibia foot', 'upperleg01 lowerleg01 foot', 'hip knee foot',
    '足 ひざ 足首', '足 膝 足首', 'thigh knee ankle', 'upleg lowleg ankle',
    'upperleg lowerleg ankle', 'thigh leg foot', 'thigh lowerleg foot',
    'upleg knee foot', 'upleg knee ankle', 'thigh knee foot', '大腿 小腿 脚',
)  # fmt: skip
# The same of upper arm, forearm and hand.
ARMS = (
    'arm forearm hand', 'shldr forearm hand', 'upperarm lowerarm hand',
    'upperarm forearm hand', 'arm elbow wrist', 'uparm lowarm hand',
    'uparm loarm hand', 'uparm forearm hand', 'shldrbend forearmbend hand',
    'humerus radius wrist', 'humerus radius hand', 'arm arm1 hand',
    'upperarm01 lowerarm01 wrist', 'arm forearm wrist', '腕 ひじ 手首',
    '腕 肘 手首', 'shoulder elbow wrist', 'shoulder elbow hand',
    'shoulder forearm hand', 'arm elbow hand', 'upperarm elbow wrist',
    'upperarm elbow hand', 'shoulder lowerarm hand', 'upperarm lowerarm wrist',
    'uarm farm hand', '上臂 前臂 手',
)  # fmt: skip
# The software or data set that uses a pair of these names.
FAMILIES = {
    ('upleg leg foot', 'arm forearm hand'): 'MotionBuilder, Mixamo or LAFAN1',
    ('thigh shin foot', 'arm forearm hand'): 'Rokoko',
    ('thigh shin foot', 'shldr forearm hand'): 'DAZ or Poser',
    ('thigh shin foot', 'upperarm forearm hand'): 'DAZ Genesis 9 or Rigify',
    ('thighbend shin foot', 'shldrbend forearmbend hand'): 'DAZ Genesis',
    ('hip knee ankle', 'shoulder elbow wrist'): 'Xsens MVN or SMPL',
    ('upperleg lowerleg foot', 'upperarm lowerarm hand'): (
        'Bandai-Namco, VRM or Unity'
    ),
    ('upperleg lowerleg foot', 'upperarm forearm hand'): 'Xsens MVN',
    ('thigh calf foot', 'upperarm lowerarm hand'): 'the Unreal mannequin',
    ('thigh calf foot', 'upperarm forearm hand'): '3ds Max Biped',
    ('leg knee ankle', 'arm elbow wrist'): 'MMD',
    ('足 ひざ 足首', '腕 ひじ 手首'): 'MMD',
    ('upleg lowleg foot', 'uparm lowarm hand'): 'mocopi',
    ('femur tibia foot', 'humerus radius wrist'): 'Acclaim',
    ('femur tibia foot', 'humerus radius hand'): 'Vicon',
    ('upleg leg foot', 'arm arm1 hand'): 'BEAT',
    ('hip knee foot', 'shoulder elbow wrist'): 'Human3.6M',
    ('upleg leg foot', 'arm forearm wrist'): 'GENEA',
    ('大腿 小腿 脚', '上臂 前臂 手'): 'Chinese names',
    ('thigh shin foot', 'uarm farm hand'): 'OptiTrack Motive',
    ('thigh shin foot', 'shoulder forearm hand'): 'Poser or iPi',
}
SIDES = {'l': 'L', 'left': 'L', '左': 'L', 'r': 'R', 'right': 'R', '右': 'R'}
_TOKEN = re.compile(
    r'[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+', re.UNICODE
)
_BASES = {word for triple in (*LEGS, *ARMS) for word in triple.split()}
_BASES |= {'eye', 'collar', 'clavicle', 'toe', 'toes', 'toebase'}


def split_names(joints: Sequence[str]) -> list[tuple[str, str]]:
    r"""Splits each joint name into its side, :obj:`'L'`, :obj:`'R'` or
    :obj:`''`, and the other words in lower case without separators. Words
    that most of the names share are removed.

    Example:
        >>> split_names(['mixamorig:LeftUpLeg', 'mixamorig:Hips'])
        [('L', 'upleg'), ('', 'hips')]
    """
    split = [_split(name) for name in joints]
    number = Counter(word for _, words in split for word in set(words))
    shared = {word for word, n in number.items() if n > len(joints) / 2}
    shared -= _BASES  # such as 'hand', if most joints are in fingers
    return [
        (side, ''.join(word for word in words if word not in shared))
        for side, words in split
    ]


def _split(name: str) -> tuple[str, list[str]]:
    name = unicodedata.normalize('NFKC', name)
    name = re.split(r'[:|]', name)[-1] or name
    words, side = [], ''
    for token in _TOKEN.findall(name):
        word = token.lower()
        if not side and word in SIDES:
            side = SIDES[word]
            continue
        # 'lthigh' is one token. A single letter is a side only before a
        # known name, so that 'leg' stays what it is.
        for prefix, which in SIDES.items():
            rest = word.removeprefix(prefix)
            long = len(prefix) > 1 or prefix in '左右' or rest in _BASES
            if not side and rest and rest != word and long:
                side, word = which, rest
        words.append(word)
    joined = ''.join(words)  # 'LUArm'
    if not side and joined[:1] in SIDES and joined[1:] in _BASES:
        return SIDES[joined[0]], [joined[1:]]
    return side, words


def limbs_by_name(
    joints: Sequence[str], parents: Sequence[int]
) -> tuple[str, dict[str, int]] | None:
    r"""Finds the twelve limb joints of Human3.6M by their names.

    Returns:
        The family of rigs with these names, and the index of each of
        :obj:`'LHip'`, :obj:`'LKnee'`, :obj:`'LFoot'`, :obj:`'LShoulder'`,
        :obj:`'LElbow'`, :obj:`'LWrist'` and the same of the right side;
        :obj:`None` if any of them is not found.

    Example:
        >>> family, limbs = limbs_by_name(bvh.joints, bvh.parents)
    """
    number: dict[tuple[str, str], int] = {}
    # Of joints with the same name the first one, nearest to the root.
    for i, key in enumerate(split_names(joints)):
        number.setdefault(key, i)
    legs = _find_limbs(LEGS, ('Hip', 'Knee', 'Foot'), number, parents)
    arms = _find_limbs(ARMS, ('Shoulder', 'Elbow', 'Wrist'), number, parents)
    if legs is None or arms is None:
        return None
    family = FAMILIES.get((legs[0], arms[0]), 'a rig with known names')
    return family, legs[1] | arms[1]


def _find_limbs(
    triples: Sequence[str],
    roles: Sequence[str],
    number: dict[tuple[str, str], int],
    parents: Sequence[int],
) -> tuple[str, dict[str, int]] | None:
    r"""The first triple of names that is a chain of joints on both sides."""
    for triple in triples:
        found: dict[str, int] = {}
        for side in 'LR':
            chain = [number.get((side, word), -1) for word in triple.split()]
            if -1 not in chain and all(
                above in ancestors(parents, joint)
                for above, joint in zip(chain, chain[1:], strict=False)
            ):
                found |= zip(
                    [side + role for role in roles], chain, strict=True
                )
        if len(found) == 2 * len(roles):
            return triple, found
    return None


def ancestors(parents: Sequence[int], joint: int) -> list[int]:
    r"""The joints from a joint's parent to the root."""
    out = []
    while (joint := parents[joint]) >= 0:
        out.append(joint)
    return out
