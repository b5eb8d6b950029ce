r"""Implementations of the node-pair product, one weight matrix per node pair.

.. list-table::
    :header-rows: 1

    * - ``kernel=``
      - implementation
      - ``"auto"`` takes it for
    * - ``"reference"``
      - :mod:`.reference`: one message per pair, as in the definition
      - batches up to 32 on a CPU; tracing and export
    * - ``"dense"``
      - :mod:`.reference`: one matrix from all nodes to all nodes
      - up to 4 input channels
    * - ``"batched"``
      - :mod:`.per_pair` for groups of many output channels, :mod:`.packed`
        for those of few (see :func:`.plan.use_packed`)
      - larger batches on a CPU
    * - ``"gathered"``
      - :mod:`.per_pair`: all pairs of a group in one product
      - accelerators

:mod:`.operator` makes ``"batched"`` and ``"gathered"`` differentiable,
:mod:`.plan` precomputes their indices, and :mod:`.workspace` keeps their
temporary memory.
"""

from .pair_product import KERNELS, by_rows, node_major_product, pair_product

__all__ = ['KERNELS', 'by_rows', 'node_major_product', 'pair_product']
