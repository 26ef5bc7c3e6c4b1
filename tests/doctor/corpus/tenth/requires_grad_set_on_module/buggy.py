import torch
import torch.nn as nn
import torch.optim as optim


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(16, 64), nn.GELU(),
            nn.Linear(64, 64), nn.GELU(),
        )

    def forward(self, x):
        return self.layers(x)


class Model(nn.Module):
    def __init__(self, backbone, out_dim):
        super().__init__()
        self.backbone = backbone
        self.fc = nn.Linear(64, out_dim)

    def forward(self, x):
        return self.fc(self.backbone(x))


def train(model, x, y, epochs, lr):
    optimizer = optim.AdamW(model.parameters(), lr=lr)
    criterion = nn.MSELoss()
    model.train()
    for _ in range(epochs):
        for idx in torch.randperm(x.size(0)).split(32):
            optimizer.zero_grad()
            loss = criterion(model(x[idx]), y[idx])
            loss.backward()
            optimizer.step()


def test_mse(model, x, y):
    model.eval()
    with torch.no_grad():
        return ((model(x) - y) ** 2).mean().item()


def main():
    torch.manual_seed(10)
    w1, w2 = torch.randn(16, 6) / 4, torch.randn(6, 3)
    latent = lambda x: torch.sin(2 * x @ w1)

    # step 1: large source data
    x_src = torch.randn(3000, 16)
    backbone = Backbone()
    train(Model(backbone, 6), x_src, latent(x_src), epochs=10, lr=3e-3)

    # step 2: very small target data, only the new fc layer is trained
    x_tgt, x_test = torch.randn(100, 16), torch.randn(500, 16)
    noise = 0.1 * torch.randn(100, 3)
    model = Model(backbone, 3)
    model.backbone.requires_grad = False
    train(model, x_tgt, latent(x_tgt) @ w2 + noise, epochs=100, lr=3e-3)
    print("target test mse:", round(test_mse(model, x_test, latent(x_test) @ w2), 4))


if __name__ == "__main__":
    main()
