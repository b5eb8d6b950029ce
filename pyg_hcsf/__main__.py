r"""``python -m pyg_hcsf``, the same as the command ``pyg-hcsf``."""

from pyg_hcsf.cli.main import main

if __name__ == '__main__':
    main()
