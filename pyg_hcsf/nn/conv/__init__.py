from .hcsf_conv import HCSFConv
from .lcn_conv import LCNConv
from .sem_gcn_conv import SemGCNConv

__all__ = ['HCSFConv', 'LCNConv', 'SemGCNConv']
