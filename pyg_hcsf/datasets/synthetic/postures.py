r"""The postures and places of the hands that the actions choose from."""

from __future__ import annotations

from dataclasses import replace

from .script import HANG, Hand, Posture

# Places of a hand.
MOUTH = Hand('head', (165, 55, -140))
EAR = Hand('head', (125, 110, -170), (0.1, 0.7, -1.0))
TEMPLE = Hand('head', (115, 100, -55), (0.4, 0.9, -1.0))
NECK_BACK = Hand('head', (-45, 165, -50), (0.2, 1.0, -0.3))
CAMERA = Hand('head', (205, 75, -80), (0.3, 0.7, -1.0))
POINT_AHEAD = Hand('reach', (525, 40, 20))
POINT_ASIDE = Hand('reach', (190, 490, 40), (-0.3, 0.3, -1.0))
POINT_UP = Hand('reach', (350, 160, 400), (0.2, 1.0, -0.6))
POINT_ACROSS = Hand('reach', (440, -250, 30), (0.1, 1.0, -0.6))
POINT_DOWN = Hand('reach', (390, 130, -310), (-0.6, 0.8, 0.0))
POINT_BACK = Hand('reach', (-140, 480, 0), (-0.3, 0.2, -1.0))
OPEN_ARM = Hand('reach', (290, 330, -110), (-0.5, 0.6, -1.0))
OPEN_HIGH = Hand('reach', (300, 330, 150), (0.0, 0.9, -1.0))
GIVE = Hand('chest', (380, 120, -190))
BELLY = Hand('chest', (230, 40, -290), (-0.6, 1.0, -0.2))
CHEST = Hand('chest', (215, 40, -90), (-0.1, 1.0, -0.5))
HEIGHT = Hand('chest', (330, 160, 60))
WAVE = Hand('head', (140, 290, 110), (0.1, 1.0, -0.9))
OVERHEAD = Hand('reach', (130, 120, 500), (0.5, 1.0, 0.0))
SHAKE = Hand('chest', (430, 20, -260))
HIP = Hand('hip', (50, 105, 90), (-0.7, 1.0, 0.1))
POCKET = Hand('hip', (70, 95, -10), (-1.0, 0.6, 0.0))
BACK = Hand('hip', (-150, -50, 110), (-1.0, 1.0, 0.0))
KNEE = Hand('knee', (-10, 0, 85))
THIGH = Hand('knee', (-160, -10, 90))
LEASH = Hand('reach', (440, 130, -230), (-0.5, 0.6, -0.6))
BAG = Hand('hang', (0, 95, -560))
FOREARM_RIGHT = Hand('chest', (235, -95, -215), (-0.1, 1.0, -0.5))
FOREARM_LEFT = Hand('chest', (200, -75, -265), (-0.1, 1.0, -0.5))
WATCH = Hand('chest', (270, -30, -110), (0.1, 1.0, -0.3))

# Standing.
STAND = Posture()
EASY = Posture(
    height=850,
    tilt=5,
    spine=(3, -5, 0),
    feet=((20, 130, 0), (90, 100, 0)),
    knees=((1, 0.2, 0), (1, 0.45, 0)),
)
WIDE = Posture(height=820, feet=((0, 210, 0), (0, 210, 0)))
LUNGE = Posture(
    height=800,
    lean=6,
    spine=(8, 0, 10),
    feet=((240, 110, 0), (-230, 110, 0)),
)
ARMS_CROSSED = replace(EASY, hands=(FOREARM_LEFT, FOREARM_RIGHT))
HANDS_ON_HIPS = replace(WIDE, spine=(-4, 0, 0), hands=(HIP, HIP))
LOOK_AT_WATCH = replace(EASY, gaze=(26, 0, 12), hands=(WATCH, HANG))
BOW = Posture(
    height=835,
    lean=28,
    spine=(28, 0, 0),
    gaze=(14, 0, 0),
    hands=(Hand('hang', (40, 30, -540)), Hand('hang', (40, 30, -540))),
)

# Bending and crouching, feet on the ground.
STOOP = Posture(
    height=760,
    lean=48,
    spine=(45, 0, 8),
    gaze=(4, 0, 0),
    feet=((0, 150, 0), (120, 150, 0)),
    hands=(Hand('floor', (470, 100, 130)), Hand('floor', (400, 170, 190))),
)
CROUCH = Posture(
    height=330,
    lean=18,
    spine=(38, 0, 5),
    gaze=(-6, 0, 0),
    feet=((130, 135, 0), (60, 150, 0)),
    knees=((1, 0.45, 0.3), (1, 0.45, 0.3)),
    hands=(Hand('floor', (520, 120, 110)), Hand('floor', (470, 150, 160))),
)
KNEEL_ON_ONE = Posture(
    height=420,
    lean=8,
    spine=(16, 0, 6),
    feet=((330, 120, 0), (-400, 95, 0)),
    knees=((1, 0.2, 0.4), (0.9, 0.05, -1)),
    hands=(KNEE, Hand('floor', (470, 130, 260))),
)

# On a chair.
SIT = Posture(
    height=440,
    lean=-4,
    spine=(12, 0, 0),
    feet=((390, 120, 0), (390, 120, 0)),
    knees=((1, 0.15, 0.8), (1, 0.15, 0.8)),
    hands=(THIGH, THIGH),
)
SIT_TUCKED = replace(
    SIT,
    lean=4,
    spine=(8, 0, 0),
    feet=((210, 120, 0), (250, 120, 0)),
    knees=((1, 0.15, 0.5), (1, 0.15, 0.5)),
)
SIT_BACK = replace(
    SIT,
    lean=-22,
    spine=(14, 3, 0),
    feet=((620, 120, 0), (500, 140, 0)),
    hands=(Hand('hip', (150, 60, 110)), THIGH),
)
SIT_FORWARD = replace(
    SIT,
    lean=14,
    spine=(30, 0, 0),
    gaze=(-14, 0, 0),
    feet=((330, 170, 0), (290, 170, 0)),
    knees=((1, 0.4, 0.8), (1, 0.4, 0.8)),
    hands=(Hand('knee', (120, -90, 60)), Hand('knee', (130, -110, 40))),
)
SIT_CROSSED = replace(
    SIT,
    lean=-10,
    spine=(16, 0, 6),
    feet=((520, -40, 230), (400, 60, 0)),
    knees=((1, -0.12, 1.5), (1, 0.0, 0.8)),
    hands=(THIGH, Hand('knee', (-60, -120, 130))),
)
SIT_FIGURE_FOUR = replace(
    SIT,
    lean=-8,
    feet=((380, -110, 400), (390, 130, 0)),
    knees=((0.8, 1.0, 0.5), (1, 0.15, 0.8)),
    hands=(KNEE, Hand('knee', (-60, -20, 150))),
)
SIT_SIDEWAYS = replace(
    SIT,
    turn=25,
    tilt=8,
    spine=(10, -14, 24),
    gaze=(4, 0, 20),
    feet=((330, 90, 0), (420, 120, 0)),
    hands=(Hand('hip', (-160, 190, 190), (-1, 1, 0)), THIGH),
)
SIT_ASTRIDE = replace(
    SIT,
    lean=6,
    spine=(20, 0, 0),
    feet=((230, 330, 0), (230, 330, 0)),
    knees=((1, 0.9, 0.7), (1, 0.9, 0.7)),
    hands=(KNEE, KNEE),
)
SIT_HUGGED = replace(
    SIT,
    lean=-8,
    spine=(34, 0, 0),
    gaze=(12, 0, 0),
    feet=((235, 30, 400), (330, 110, 0)),
    knees=((0.7, 0.2, 1.0), (1, 0.15, 0.8)),
    hands=(Hand('knee', (60, -40, -110)), Hand('knee', (40, -190, 140))),
)
SIT_ARMS_CROSSED = replace(SIT_BACK, hands=(FOREARM_LEFT, FOREARM_RIGHT))
SIT_HEAD_IN_HANDS = replace(SIT_FORWARD, gaze=(16, 0, 0), hands=(MOUTH, MOUTH))
SIT_TIE_SHOE = replace(
    SIT_FORWARD,
    lean=24,
    spine=(52, 0, 8),
    gaze=(10, 0, 0),
    feet=((340, 110, 0), (230, 140, 0)),
    hands=(Hand('floor', (330, 110, 150)), Hand('floor', (320, -30, 150))),
)
SIT_STRETCH = replace(SIT_BACK, spine=(-2, 0, 0), hands=(NECK_BACK, NECK_BACK))

# On the floor.
SQUAT = Posture(
    height=240,
    lean=10,
    spine=(50, 0, 0),
    gaze=(-20, 0, 0),
    feet=((120, 150, 0), (120, 150, 0)),
    knees=((1, 0.6, 0.7), (1, 0.6, 0.7)),
    hands=(Hand('knee', (100, -120, 10)), Hand('knee', (110, -130, 40))),
)
SQUAT_HANDS_DOWN = replace(
    SQUAT,
    height=300,
    lean=28,
    hands=(Hand('floor', (430, 180, 20)), Hand('floor', (400, 190, 20))),
)
HANDS_DOWN_BEHIND = replace(
    SQUAT,
    height=170,
    lean=-24,
    spine=(34, 0, 0),
    gaze=(18, 0, 10),
    feet=((330, 150, 0), (360, 130, 0)),
    hands=(Hand('floor', (-260, 250, 20)), Hand('floor', (-280, 230, 20))),
)
STRETCHED = Posture(
    height=30,
    lean=-14,
    spine=(34, 0, 0),
    gaze=(10, 0, 0),
    feet=((838, 110, 0), (825, 120, 0)),
    knees=((0.2, 0.2, 1), (0.2, 0.2, 1)),
    hands=(THIGH, KNEE),
)
STRETCHED_BACK = replace(
    STRETCHED,
    lean=-32,
    spine=(24, 0, 0),
    gaze=(22, 0, 0),
    hands=(Hand('floor', (-330, 240, 20)), Hand('floor', (-350, 220, 20))),
)
TOUCH_FEET = replace(
    STRETCHED,
    lean=16,
    spine=(58, 0, 0),
    gaze=(-4, 0, 0),
    hands=(Hand('floor', (690, 160, 90)), Hand('floor', (660, 170, 90))),
)
ONE_KNEE_UP = replace(
    STRETCHED,
    lean=-12,
    spine=(40, 0, 6),
    feet=((330, 110, 0), (820, 130, 0)),
    knees=((0.8, 0.2, 1), (0.2, 0.2, 1)),
    hands=(Hand('knee', (70, -60, -60)), Hand('floor', (-160, 270, 20))),
)
KNEES_HUGGED = replace(
    STRETCHED,
    lean=-16,
    spine=(62, 0, 0),
    gaze=(20, 0, 0),
    feet=((330, 80, 0), (340, 80, 0)),
    knees=((1, 0.1, 1), (1, 0.1, 1)),
    hands=(Hand('knee', (60, -70, -130)), Hand('knee', (70, -80, -90))),
)
TAILOR = Posture(
    height=80,
    lean=-8,
    spine=(42, 0, 0),
    gaze=(8, 0, 0),
    feet=((335, -95, 0), (245, -90, 65)),
    knees=((0.5, 1.0, 0.55), (0.5, 1.0, 0.55)),
    hands=(Hand('knee', (0, -30, 85)), Hand('knee', (-30, -60, 90))),
)
TAILOR_FORWARD = replace(
    TAILOR,
    lean=6,
    spine=(52, 0, 8),
    hands=(Hand('floor', (300, 110, 120)), Hand('floor', (330, 120, 140))),
)
SIDE_SIT = Posture(
    height=110,
    lean=-4,
    tilt=12,
    spine=(32, -14, -10),
    feet=((60, -330, 10), (-60, 430, 10)),
    knees=((1.0, 0.6, 0.2), (1.0, -0.2, 0.2)),
    hands=(Hand('floor', (-40, 380, 20)), Hand('hip', (250, 0, 110))),
)
ON_HEELS = Posture(
    height=225,
    lean=2,
    spine=(26, 0, 0),
    gaze=(8, 0, 0),
    feet=((-60, 90, 0), (-60, 90, 0)),
    knees=((1, 0.25, 0.2), (1, 0.25, 0.2)),
    hands=(THIGH, THIGH),
)
KNEEL = Posture(
    height=425,
    lean=2,
    spine=(10, 0, 0),
    feet=((-415, 110, 0), (-415, 110, 0)),
    knees=((1, 0.05, -1), (1, 0.05, -1)),
    hands=(HIP, HANG),
)
ALL_FOURS = Posture(
    height=420,
    lean=62,
    spine=(22, 0, 0),
    gaze=(-22, 0, 0),
    feet=((-420, 110, 0), (-420, 110, 0)),
    knees=((1, 0.05, -1), (1, 0.05, -1)),
    hands=(Hand('floor', (480, 170, 20)), Hand('floor', (470, 180, 20))),
)
