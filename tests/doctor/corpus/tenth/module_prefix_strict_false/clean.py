import io

import torch
import torch.nn as nn

torch.manual_seed(6)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv1d(1, 8, 5, padding=2), nn.ReLU(),
            nn.Conv1d(8, 16, 5, padding=2), nn.ReLU(), nn.AdaptiveAvgPool1d(4), nn.Flatten(),
        )
        self.fc = nn.Linear(64, 2)

    def forward(self, x):
        return self.fc(self.conv(x))


def signals(n):
    t = torch.linspace(0, 1, 40)
    kind = torch.randint(0, 2, (n,))
    freq = torch.where(kind == 0, 3.0, 5.0).unsqueeze(1)
    wave = torch.sin(6.283 * (freq * t + torch.rand(n, 1)))
    return (wave + 0.4 * torch.randn(n, 40)).unsqueeze(1), kind


def fit(model, epochs, lr=3e-3):
    x, y = signals(400)
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    model.train()
    for _ in range(epochs):
        for idx in torch.randperm(400).split(40):
            opt.zero_grad()
            nn.functional.cross_entropy(model(x[idx]), y[idx]).backward()
            opt.step()


# ---- train.py (runs on the lab machine, may have several GPUs)
train_net = nn.DataParallel(Encoder())
fit(train_net, epochs=12)
buffer = io.BytesIO()
torch.save({"state_dict": train_net.state_dict(), "epochs": 12}, buffer)

# ---- infer.py (laptop)
buffer.seek(0)
checkpoint = torch.load(buffer, map_location="cpu")
net = Encoder()
net.load_state_dict({k.removeprefix("module."): v for k, v in checkpoint["state_dict"].items()})
net.eval()
x_test, y_test = signals(300)
with torch.no_grad():
    print("accuracy after loading:", (net(x_test).argmax(1) == y_test).float().mean().item())
