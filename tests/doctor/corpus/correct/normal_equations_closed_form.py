import torch

torch.manual_seed(82)
X = torch.cat([torch.ones(100, 1), torch.randn(100, 3)], 1)
beta = torch.tensor([[0.5], [1.0], [-1.0], [2.0]])
y = X @ beta + 0.1 * torch.randn(100, 1)
ridge = 1e-3 * torch.eye(4)
est = torch.linalg.solve(X.T @ X + ridge, X.T @ y)
print(est.flatten().tolist())
