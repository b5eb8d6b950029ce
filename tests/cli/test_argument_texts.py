from pyg_hcsf.cli.argument_texts import argument_texts


class Documented:
    """A class.

    Args:
        name (str, optional): A :obj:`"name"`, of
            :class:`~pyg_hcsf.nn.HCSFConv` or ``None``.
            (default: :obj:`None`)
        width (int): The width: 3 or more.
        plain: Without a type.

    Example:
        >>> Documented('x')
    """


def test_texts():
    assert argument_texts(Documented) == {
        'name': 'A "name", of pyg_hcsf.nn.HCSFConv or None.',
        'width': 'The width: 3 or more.',
        'plain': 'Without a type.',
    }
    assert argument_texts(object) == {}
