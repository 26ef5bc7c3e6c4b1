import copy

import torch
import torch.nn as nn
import torch.nn.functional as F


def mlp(d_in, d_hidden, d_out):
    return nn.Sequential(nn.Linear(d_in, d_hidden), nn.BatchNorm1d(d_hidden), nn.ReLU(), nn.Linear(d_hidden, d_out))


class BYOLTrainer:
    def __init__(self, tau=0.98, lr=2e-3):
        self.tau = tau
        self.online = mlp(16, 64, 32)
        self.predictor = mlp(32, 64, 32)
        self.target = copy.deepcopy(self.online).eval()
        self.target.requires_grad_(False)
        self.opt = torch.optim.Adam([*self.online.parameters(), *self.predictor.parameters()], lr=lr)

    @torch.no_grad()
    def update_target(self):
        for p_t, p_o in zip(self.target.parameters(), self.online.parameters()):
            p_t.lerp_(p_o, 1 - self.tau)
        for b_t, b_o in zip(self.target.buffers(), self.online.buffers()):
            b_t.copy_(b_o)

    def view(self, x):
        return x * (torch.rand_like(x) > 0.15) + 0.2 * torch.randn_like(x)

    def regression_loss(self, a, b):
        p = F.normalize(self.predictor(self.online(a)), dim=-1)
        with torch.no_grad():
            z = F.normalize(self.target(b), dim=-1)
        return 2 - 2 * (p * z).sum(-1).mean()

    def fit(self, data, epochs=8, bs=64):
        for ep in range(epochs):
            self.online.train()
            self.predictor.train()
            losses = []
            for idx in torch.randperm(len(data)).split(bs):
                v1, v2 = self.view(data[idx]), self.view(data[idx])
                loss = self.regression_loss(v1, v2) + self.regression_loss(v2, v1)
                self.opt.zero_grad()
                loss.backward()
                self.opt.step()
                self.update_target()
                losses.append(loss.item())
            print(f"epoch {ep} byol loss {sum(losses) / len(losses):.4f}")

    @torch.no_grad()
    def embed(self, data):
        return F.normalize(self.target(data), dim=-1)


def main():
    torch.manual_seed(6)
    centers = 4 * torch.randn(4, 16) + 5
    y = torch.randint(0, 4, (768,))
    x = centers[y] + torch.randn(768, 16)
    trainer = BYOLTrainer()
    trainer.fit(x[:640])
    train_e, test_e = trainer.embed(x[:640]), trainer.embed(x[640:])
    knn = (test_e @ train_e.T).topk(5, dim=1).indices
    print("5-nn acc", (y[:640][knn].mode(1).values == y[640:]).float().mean().item())


main()
