from .pair_product import KERNELS, pair_product

__all__ = ['KERNELS', 'pair_product']
