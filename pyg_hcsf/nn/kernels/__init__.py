from .pair_product import KERNELS, pair_product
from .rows import by_rows

__all__ = ['KERNELS', 'by_rows', 'pair_product']
