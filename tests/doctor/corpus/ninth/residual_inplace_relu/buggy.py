"""Small convolutional autoencoder on synthetic 12x12 textures."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class Residual(nn.Module):
    def __init__(self, channels, hidden):
        super().__init__()
        self.block = nn.Sequential(
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, hidden, kernel_size=3, padding=1, bias=False),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, channels, kernel_size=1, bias=False),
        )

    def forward(self, x):
        return x + self.block(x)


class ResidualStack(nn.Module):
    def __init__(self, channels, hidden, depth):
        super().__init__()
        self.layers = nn.ModuleList(Residual(channels, hidden) for _ in range(depth))

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class AutoEncoder(nn.Module):
    def __init__(self, channels=16, code=4):
        super().__init__()
        self.down = nn.Conv2d(1, channels, kernel_size=4, stride=2, padding=1)
        self.encode = ResidualStack(channels, 8, depth=2)
        self.to_code = nn.Conv2d(channels, code, kernel_size=1)
        self.from_code = nn.Conv2d(code, channels, kernel_size=1)
        self.decode = ResidualStack(channels, 8, depth=2)
        self.up = nn.ConvTranspose2d(channels, 1, kernel_size=4, stride=2, padding=1)

    def forward(self, x):
        z = self.to_code(self.encode(self.down(x)))
        return self.up(self.decode(self.from_code(z)))


def textures(n):
    yy, xx = torch.meshgrid(torch.arange(12.0), torch.arange(12.0), indexing="ij")
    fx, fy, ph = torch.rand(3, n, 1, 1) * torch.tensor([1.0, 1.0, 6.28]).view(3, 1, 1, 1)
    return torch.sin(fx * xx + fy * yy + ph).unsqueeze(1)


torch.manual_seed(31)
train, test = textures(512), textures(128)
model = AutoEncoder()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(6):
    model.train()
    for idx in torch.randperm(len(train)).split(32):
        loss = F.mse_loss(model(train[idx]), train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        print(f"epoch {epoch} test reconstruction error {F.mse_loss(model(test), test).item():.4f}")
