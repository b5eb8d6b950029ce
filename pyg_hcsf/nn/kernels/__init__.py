from .pair_product import KERNELS, node_major_product, pair_product
from .rows import by_rows

__all__ = ['KERNELS', 'by_rows', 'node_major_product', 'pair_product']
