import torch
from torch import nn
from torch.amp import GradScaler, autocast
from torch.utils.data import DataLoader, TensorDataset

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Block(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.norm = nn.LayerNorm(d)
        self.ff = nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))

    def forward(self, x):
        return x + self.ff(self.norm(x))


def build(d=24, depth=3):
    return nn.Sequential(nn.Linear(10, d), *[Block(d) for _ in range(depth)], nn.LayerNorm(d), nn.Linear(d, 1))


def train(net, loader, epochs, lr=0.05, max_norm=1.0):
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    scaler = GradScaler(device.type, init_scale=2.0 ** 10)
    criterion = nn.MSELoss()
    net.train()
    for epoch in range(epochs):
        total, seen = 0.0, 0
        for x, y in loader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            with autocast(device_type=device.type, dtype=torch.float16):
                pred = net(x)
                loss = criterion(pred.float(), y)
            scaler.scale(loss).backward()
            scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(net.parameters(), max_norm)
            scaler.step(optimizer)
            scaler.update()
            total += loss.item() * len(x)
            seen += len(x)
        print(f"epoch {epoch}: {total / seen:.4f}")


def main():
    torch.manual_seed(0)
    x = torch.randn(640, 10)
    y = (torch.sin(2 * x[:, :1]) + x[:, 1:2] * x[:, 2:3]) / 1.2
    loader = DataLoader(TensorDataset(x[:512], y[:512]), batch_size=32, shuffle=True)
    net = build().to(device)
    train(net, loader, epochs=8)
    net.eval()
    with torch.no_grad():
        mse = nn.functional.mse_loss(net(x[512:].to(device)), y[512:].to(device)).item()
    print(f"held-out mse {mse:.4f}")


if __name__ == "__main__":
    main()
