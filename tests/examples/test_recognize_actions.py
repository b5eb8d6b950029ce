from examples import recognize_actions
from pyg_hcsf.recognition import load_recognizer


def test_classifies_other_people(tmp_path):
    path = tmp_path / 'recognizer.safetensors'
    assert recognize_actions.main(path) > 0.7
    _, info = load_recognizer(path)
    assert info.actions == recognize_actions.ACTIONS
