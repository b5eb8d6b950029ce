from examples import compose_pyg


def test_classifies_another_person():
    assert compose_pyg.main(epochs=2) > 0.8
