import numpy as np
import pytest

from pyg_hcsf.safe_io.decimal_text import parse_decimals

# Written as in files; float() gives the expected value.
NUMBERS = [
    '0', '-0', '0.0', '-0.0', '1.', '.5', '-.5', '12.25', '1e-05', '1E2',
    '-1.2345e-7', '+1.5', '0.1', '0.30000000000000004', '9.999999999',
    '1.00000000', '-3.12345678', '2.123456789', '0.000000001', '5e-324',
    '3.141592653589793', '-2.7182818284590455', '123456789.25', '1e22',
    '0.1234567890123456789', '7.12345678901234567', '9007199254740993.0',
]  # fmt: skip


def parse(tokens):
    text = np.frombuffer((' ' * 16 + ' '.join(tokens) + '  ').encode(), 'u1')
    stop = 15 + np.cumsum([len(token) + 1 for token in tokens])
    start = stop - [len(token) for token in tokens]
    return parse_decimals(text, start, stop)


@pytest.mark.parametrize('form', ['{:.7g}', '{:.3f}', '{!r}', '{:.17g}'])
def test_decimals_are_the_nearest_doubles(form):
    rng = np.random.default_rng(0)
    values = rng.normal(size=2000) * 10.0 ** rng.integers(-6, 3, 2000)
    tokens = [form.format(float(value)) for value in values] + NUMBERS
    np.testing.assert_array_equal(parse(tokens), list(map(float, tokens)))


@pytest.mark.parametrize(
    'token',
    ['x', '-', '1.2.3', '1.2x', '--1', '0.1\x00', '1,5', '0.12345678/'],
)
def test_no_decimals(token):
    np.testing.assert_array_equal(parse([token, '2.5']), [np.nan, 2.5])
