"""Train encoder + head on task A, then add a head for task B on the frozen encoder."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class Encoder(nn.Module):
    def __init__(self, d_in=12, d=32):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(d_in, d), nn.BatchNorm1d(d), nn.ReLU(),
            nn.Linear(d, d), nn.BatchNorm1d(d), nn.ReLU(),
        )

    def forward(self, x):
        return self.net(x)


class TwoTask(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.heads = nn.ModuleDict({"a": nn.Linear(32, 2), "b": nn.Linear(32, 2)})

    def forward(self, x, task):
        return self.heads[task](self.encoder(x))

    def freeze_encoder(self):
        self.encoder.eval()
        for p in self.encoder.parameters():
            p.requires_grad_(False)


def fit(model, task, x, y, epochs, lr, encoder_frozen=False):
    opt = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr)
    for _ in range(epochs):
        model.train()
        for idx in torch.randperm(len(x)).split(50):
            opt.zero_grad()
            F.cross_entropy(model(x[idx], task), y[idx]).backward()
            opt.step()


@torch.no_grad()
def accuracy(model, task, x, y):
    model.eval()
    return (model(x, task).argmax(1) == y).float().mean().item()


def data(n, shift, scale, w):
    x = scale * torch.randn(n, 12) + shift
    return x, ((x @ w) > 0).long()


def main():
    torch.manual_seed(31)
    w_a, w_b = torch.randn(12), torch.randn(12)
    xa, ya = data(1200, 0.0, 1.0, w_a)
    xb, yb = data(600, 0.8, 1.6, w_b)

    model = TwoTask()
    fit(model, "a", xa[:1000], ya[:1000], epochs=10, lr=3e-3)
    print(f"task A accuracy           {accuracy(model, 'a', xa[1000:], ya[1000:]):.3f}")

    model.freeze_encoder()
    fit(model, "b", xb[:500], yb[:500], epochs=20, lr=3e-3, encoder_frozen=True)
    print(f"task B accuracy           {accuracy(model, 'b', xb[500:], yb[500:]):.3f}")
    print(f"task A accuracy, after B  {accuracy(model, 'a', xa[1000:], ya[1000:]):.3f}")


if __name__ == "__main__":
    main()
