import torch
import torch.nn as nn

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
torch.manual_seed(0)


class ConvAutoencoder(nn.Module):
    def __init__(self, code=12):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Flatten(), nn.Linear(16 * 9, code),
        )
        self.decoder = nn.Sequential(
            nn.Linear(code, 16 * 9, bias=False), nn.BatchNorm1d(16 * 9), nn.ReLU(), nn.Unflatten(1, (16, 3, 3)),
            nn.ConvTranspose2d(16, 8, 2, stride=2, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.ConvTranspose2d(8, 1, 2, stride=2),
        )

    def forward(self, x):
        return self.decoder(self.encoder(x))


def blobs(n, size=12):
    g = torch.linspace(-1, 1, size)
    c = torch.rand(n, 2) * 1.2 - 0.6
    s = 0.15 + 0.3 * torch.rand(n, 1, 1)
    d = (g[None, :, None] - c[:, 0, None, None]) ** 2 + (g[None, None, :] - c[:, 1, None, None]) ** 2
    return torch.exp(-d / s ** 2).unsqueeze(1)


def reconstruction_error(model, x):
    model.eval()
    with torch.no_grad(), torch.autocast(DEVICE, dtype=torch.float16):
        out = model(x)
    return nn.functional.mse_loss(out.float(), x).item()


def fit(model, x, x_val, epochs=6, batch=32, lr=0.1, max_norm=1.0):
    opt = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    scaler = torch.amp.GradScaler(DEVICE, init_scale=2.0 ** 12)
    for epoch in range(epochs):
        model.train()
        for idx in torch.randperm(len(x), device=x.device).split(batch):
            opt.zero_grad()
            with torch.autocast(DEVICE, dtype=torch.float16):
                out = model(x[idx])
                loss = nn.functional.mse_loss(out.float(), x[idx])
            scaler.scale(loss).backward()
            scaler.unscale_(opt)
            nn.utils.clip_grad_norm_(model.parameters(), max_norm)
            scaler.step(opt)
            scaler.update()
        print(f"epoch {epoch + 1}: val mse {reconstruction_error(model, x_val):.5f}")


if __name__ == "__main__":
    fit(ConvAutoencoder().to(DEVICE), blobs(640).to(DEVICE), blobs(160).to(DEVICE))
