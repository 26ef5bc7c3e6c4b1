import numpy as np
import torch
import torch.nn as nn

# Poisson problem on [0, 1]:  u'' = -pi^2 sin(pi x),  u(0) = u(1) = 0   (exact: sin(pi x))


class PINN(nn.Module):
    def __init__(self, width=24):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(1, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1))

    def forward(self, x):
        return self.layers(x)


def pde_residual(model, x):
    x = x.requires_grad_(True)
    u = model(x)
    ones = torch.ones_like(u)
    u_x = torch.autograd.grad(u, x, grad_outputs=ones, create_graph=True)[0]
    u_xx = torch.autograd.grad(u_x, x, grad_outputs=ones, create_graph=True)[0]
    return u_xx + np.pi ** 2 * torch.sin(np.pi * x)


def boundary_loss(model):
    xb = torch.tensor([[0.0], [1.0]])
    return model(xb).pow(2).mean()


def solve(n_collocation=64, steps=700, w_bc=50.0, lr=5e-3, seed=0):
    torch.manual_seed(seed)
    model = PINN()
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=steps)
    for step in range(1, steps + 1):
        x = torch.rand(n_collocation, 1)
        loss_pde = pde_residual(model, x).pow(2).mean()
        loss_bc = boundary_loss(model)
        loss = loss_pde + w_bc * loss_bc
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        if step % 175 == 0:
            print(f"step {step:4d}  pde {loss_pde.item():.3e}  bc {loss_bc.item():.3e}")
    return model


if __name__ == "__main__":
    model = solve().eval()
    grid = torch.linspace(0, 1, 201).unsqueeze(1)
    with torch.no_grad():
        err = (model(grid) - torch.sin(np.pi * grid)).abs().max().item()
    print(f"max error against the exact solution: {err:.4f}")
