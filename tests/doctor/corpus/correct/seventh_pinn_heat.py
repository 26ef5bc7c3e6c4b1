# PINN for u_t = k u_xx on [0,1] x [0,1], u(0,t) = u(1,t) = 0, u(x,0) = sin(pi x) + 0.5 sin(2 pi x)
# Adam first, then L-BFGS, as in Raissi, Perdikaris & Karniadakis (2019).
import torch
import torch.nn as nn
from math import pi

torch.manual_seed(1234)
torch.set_default_dtype(torch.float32)
k = 0.1


def exact(x, t):
    return torch.exp(-k * pi ** 2 * t) * torch.sin(pi * x) + 0.5 * torch.exp(-4 * k * pi ** 2 * t) * torch.sin(2 * pi * x)


class DNN(nn.Module):
    def __init__(self, layers):
        super().__init__()
        mods = []
        for a, b in zip(layers[:-2], layers[1:-1]):
            lin = nn.Linear(a, b)
            nn.init.xavier_normal_(lin.weight)
            nn.init.zeros_(lin.bias)
            mods += [lin, nn.Tanh()]
        mods.append(nn.Linear(layers[-2], layers[-1]))
        self.layers = nn.Sequential(*mods)

    def forward(self, x, t):
        return self.layers(torch.cat([2 * x - 1, 2 * t - 1], dim=1))


class PhysicsInformedNN:
    def __init__(self, layers, n_f=400, n_b=60):
        self.dnn = DNN(layers)
        u = torch.quasirandom.SobolEngine(2, scramble=True, seed=0).draw(n_f)
        self.x_f = u[:, :1].clone().requires_grad_(True)
        self.t_f = u[:, 1:].clone().requires_grad_(True)
        xi, tb = torch.rand(n_b, 1), torch.rand(n_b, 1)
        side = torch.randint(0, 2, (n_b, 1)).float()
        self.x_u = torch.cat([xi, side])
        self.t_u = torch.cat([torch.zeros(n_b, 1), tb])
        self.u = torch.cat([exact(xi, torch.zeros_like(xi)), torch.zeros(n_b, 1)])
        self.iter, self.last = 0, (float("nan"),) * 2

    def net_f(self, x, t):
        u = self.dnn(x, t)
        one = torch.ones_like(u)
        u_t, u_x = torch.autograd.grad(u, (t, x), grad_outputs=one, create_graph=True)
        u_xx = torch.autograd.grad(u_x, x, grad_outputs=one, create_graph=True)[0]
        return u_t - k * u_xx

    def loss(self):
        loss_u = torch.mean((self.dnn(self.x_u, self.t_u) - self.u) ** 2)
        loss_f = torch.mean(self.net_f(self.x_f, self.t_f) ** 2)
        self.last = (loss_u.item(), loss_f.item())
        return 10 * loss_u + loss_f

    def train(self, n_adam, n_lbfgs):
        adam = torch.optim.Adam(self.dnn.parameters(), lr=5e-3)
        for _ in range(n_adam):
            adam.zero_grad()
            self.loss().backward()
            adam.step()
            self.iter += 1
        self.loss()
        print("after Adam:   iter %4d, loss_u %.3e, loss_f %.3e" % (self.iter, *self.last))
        lbfgs = torch.optim.LBFGS(self.dnn.parameters(), lr=1.0, max_iter=n_lbfgs, max_eval=int(1.25 * n_lbfgs),
                                  history_size=50, tolerance_grad=1e-7, tolerance_change=1e-9,
                                  line_search_fn="strong_wolfe")

        def closure():
            lbfgs.zero_grad()
            loss = self.loss()
            loss.backward()
            self.iter += 1
            return loss

        lbfgs.step(closure)  # one call runs up to max_iter iterations
        self.loss()
        print("after L-BFGS: iter %4d, loss_u %.3e, loss_f %.3e" % (self.iter, *self.last))

    def predict(self, x, t):
        with torch.no_grad():
            return self.dnn(x, t)


if __name__ == "__main__":
    model = PhysicsInformedNN([2, 24, 24, 24, 1])
    gx, gt = torch.meshgrid(torch.linspace(0, 1, 51), torch.linspace(0, 1, 41), indexing="ij")
    X, T = gx.reshape(-1, 1), gt.reshape(-1, 1)
    U = exact(X, T)
    rel = lambda: (torch.linalg.norm(model.predict(X, T) - U) / torch.linalg.norm(U)).item()
    print(f"relative L2 error before {rel():.3f}")
    model.train(n_adam=150, n_lbfgs=120)
    print(f"relative L2 error after  {rel():.2e}")
    for t in (0.0, 0.5, 1.0):
        m = (T - t).abs().squeeze(1) < 1e-6
        print(f"  t = {t:.1f}: max abs error {(model.predict(X[m], T[m]) - U[m]).abs().max().item():.2e}")
