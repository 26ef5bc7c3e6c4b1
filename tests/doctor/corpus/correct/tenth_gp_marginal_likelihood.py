"""Exact Gaussian process regression: ARD kernel, hyperparameters by L-BFGS on the marginal likelihood."""
import math

import torch

torch.manual_seed(1)
torch.set_default_dtype(torch.float64)


class GP(torch.nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.log_lengthscale = torch.nn.Parameter(torch.zeros(dim))
        self.log_outputscale = torch.nn.Parameter(torch.zeros(()))
        self.log_noise = torch.nn.Parameter(torch.tensor(math.log(0.1)))

    def kernel(self, a, b):
        scale = self.log_lengthscale.exp()
        diff = (a / scale)[:, None, :] - (b / scale)[None, :, :]
        return self.log_outputscale.exp() * torch.exp(-0.5 * diff.pow(2).sum(-1))

    def chol(self, x):
        jitter = self.log_noise.exp() + 1e-8
        return torch.linalg.cholesky(self.kernel(x, x) + jitter * torch.eye(len(x)))

    def neg_mll(self, x, y):
        L = self.chol(x)
        alpha = torch.cholesky_solve(y[:, None], L)
        fit = 0.5 * (y[:, None] * alpha).sum()
        logdet = L.diagonal().log().sum()
        return (fit + logdet + 0.5 * len(y) * math.log(2 * math.pi)) / len(y)

    @torch.no_grad()
    def predict(self, x, y, x_new):
        L = self.chol(x)
        k = self.kernel(x, x_new)
        mean = k.T @ torch.cholesky_solve(y[:, None], L)
        v = torch.linalg.solve_triangular(L, k, upper=False)
        var = self.log_outputscale.exp() - v.pow(2).sum(0) + self.log_noise.exp()
        return mean.squeeze(1), var


def truth(x):
    return torch.sin(2 * x[:, 0]) + 0.5 * x[:, 1] ** 2


def draw(n):
    x = torch.empty(n, 3).uniform_(-2, 2)
    return x, truth(x) + 0.1 * torch.randn(n)


x_train, y_train = draw(100)
x_test, y_test = draw(200)
y_mean, y_std = y_train.mean(), y_train.std()
target = (y_train - y_mean) / y_std

gp = GP(3)
opt = torch.optim.LBFGS(gp.parameters(), lr=1.0, max_iter=15, line_search_fn="strong_wolfe")


def closure():
    opt.zero_grad()
    loss = gp.neg_mll(x_train, target)
    loss.backward()
    return loss


for outer in range(4):
    loss = opt.step(closure)
    print(f"round {outer}: negative log marginal likelihood per point {loss.item():.4f}")

mean, var = gp.predict(x_train, target, x_test)
mean, sd = mean * y_std + y_mean, var.sqrt() * y_std
rmse = (mean - y_test).pow(2).mean().sqrt().item()
inside = ((mean - y_test).abs() < 1.96 * sd).double().mean().item()
print(f"test rmse {rmse:.4f}, share inside the 95% band {inside:.3f}")
print("lengthscales", [round(v, 2) for v in gp.log_lengthscale.exp().tolist()])
