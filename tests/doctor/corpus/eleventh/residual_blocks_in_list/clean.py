import torch
import torch.nn as nn

cfg = {"width": 32, "depth": 4, "lr": 2e-3, "steps": 250, "batch": 64, "seed": 17}


class ResidualMLP(nn.Module):
    def __init__(self, n_in, n_out, width, depth):
        super().__init__()
        self.stem = nn.Linear(n_in, width)
        self.blocks = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.head = nn.Linear(width, n_out)

    def forward(self, x):
        h = torch.relu(self.stem(x))
        for block in self.blocks:
            h = h + torch.relu(block(h))
        return self.head(h)


def target_fn(x):
    return torch.sin(3 * x[:, :1]) * x[:, 1:2] + x[:, 2:3].abs()


def main():
    torch.manual_seed(cfg["seed"])
    x_tr, x_te = torch.rand(1500, 3) * 2 - 1, torch.rand(500, 3) * 2 - 1
    y_tr, y_te = target_fn(x_tr), target_fn(x_te)

    net = ResidualMLP(3, 1, cfg["width"], cfg["depth"])
    opt = torch.optim.Adam(net.parameters(), lr=cfg["lr"])
    mse = nn.MSELoss()
    print("trainable parameters:", sum(p.numel() for p in net.parameters()))

    for step in range(1, cfg["steps"] + 1):
        idx = torch.randint(0, len(x_tr), (cfg["batch"],))
        opt.zero_grad()
        loss = mse(net(x_tr[idx]), y_tr[idx])
        loss.backward()
        opt.step()
        if step % 50 == 0:
            print(f"step {step:4d}  train mse {loss.item():.5f}")

    net.eval()
    with torch.no_grad():
        print(f"test mse {mse(net(x_te), y_te).item():.5f}")


main()
