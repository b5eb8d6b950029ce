r"""Graph convolutions on a template graph."""

from .hcsf_conv import HCSFConv
from .lcn_conv import LCNConv
from .partition_conv import PartitionConv
from .sem_gcn_conv import SemGCNConv

__all__ = ['HCSFConv', 'LCNConv', 'PartitionConv', 'SemGCNConv']
