import torch
import torch.nn as nn


def init_weights(m):
    if isinstance(m, nn.Linear):
        nn.init.orthogonal_(m.weight, gain=nn.init.calculate_gain("relu"))
        nn.init.zeros_(m.bias)


class Plain(nn.Module):
    def __init__(self, d_in, width, depth, d_out):
        super().__init__()
        self.apply(init_weights)
        dims = [d_in] + [width] * depth
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(dims, dims[1:]))
        self.out = nn.Linear(width, d_out)

    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x))
        return self.out(x)


def parity(n, g):
    x = torch.rand(n, 2, generator=g) * 2 - 1
    return x, ((x[:, 0] > 0) ^ (x[:, 1] > 0)).long()


def main():
    torch.manual_seed(50)
    g = torch.Generator().manual_seed(50)
    x, y = parity(600, g)
    xt, yt = parity(300, g)
    net = Plain(2, 24, 14, 2)
    opt = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    ce = nn.CrossEntropyLoss()
    for epoch in range(1, 21):
        net.train()
        for b in torch.randperm(600).split(30):
            opt.zero_grad()
            ce(net(x[b]), y[b]).backward()
            opt.step()
        if epoch % 5 == 0:
            net.eval()
            with torch.no_grad():
                z = net(xt)
            print(f"epoch {epoch}: loss {ce(z, yt).item():.3f} accuracy {(z.argmax(1) == yt).float().mean().item():.3f}")


if __name__ == "__main__":
    main()
