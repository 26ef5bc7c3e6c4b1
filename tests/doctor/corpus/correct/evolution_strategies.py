import torch
from torch import nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

torch.manual_seed(44)
net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)).requires_grad_(False)
x = torch.randn(100, 2)
y = (x[:, :1] * x[:, 1:]).tanh()
theta = parameters_to_vector(net.parameters())


def fitness(v):
    vector_to_parameters(v, net.parameters())
    return -(net(x) - y).pow(2).mean().item()


for gen in range(30):
    eps = torch.randn(20, theta.numel())
    scores = torch.tensor([fitness(theta + 0.1 * e) for e in eps])
    adv = (scores - scores.mean()) / (scores.std() + 1e-8)
    theta = theta + 0.05 / (20 * 0.1) * (adv @ eps)
print("fitness", fitness(theta))
