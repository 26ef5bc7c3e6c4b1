import torch
from torch import nn
from torch.func import jacrev, vmap

torch.manual_seed(23)
net = nn.Sequential(nn.Linear(3, 16), nn.Softplus(), nn.Linear(16, 2)).eval().requires_grad_(False)
points = torch.randn(10, 3)
J = vmap(jacrev(net))(points)
print("jacobian", tuple(J.shape), "mean norm", J.norm(dim=(1, 2)).mean().item())
