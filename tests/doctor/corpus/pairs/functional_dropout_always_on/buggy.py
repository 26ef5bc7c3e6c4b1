import argparse
import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self, d_in, hidden, n_out, p):
        super().__init__()
        self.fc1 = nn.Linear(d_in, hidden)
        self.fc2 = nn.Linear(hidden, n_out)
        self.p = p

    def forward(self, x):
        h = torch.relu(self.fc1(x))
        h = F.dropout(h, self.p)
        return self.fc2(h)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=5)
    ap.add_argument("--lr", type=float, default=1e-3)
    ap.add_argument("--seed", type=int, default=0)
    args = ap.parse_args()
    torch.manual_seed(args.seed)
    x = torch.randn(500, 10)
    y = (x[:, 0] + x[:, 1] * x[:, 2]).unsqueeze(1)
    net = Net(10, 64, 1, 0.3)
    opt = torch.optim.Adam(net.parameters(), lr=args.lr)
    for ep in range(args.epochs):
        net.train()
        for idx in torch.randperm(400).split(50):
            opt.zero_grad()
            F.mse_loss(net(x[idx]), y[idx]).backward()
            opt.step()
        net.eval()
        with torch.no_grad():
            val = F.mse_loss(net(x[400:]), y[400:])
        print(f"epoch {ep} val mse {val.item():.4f}")


if __name__ == "__main__":
    main()
