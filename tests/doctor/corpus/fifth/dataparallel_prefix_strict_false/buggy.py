import io
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(8)


class Encoder(nn.Module):
    def __init__(self, d_in=30, d_model=32):
        super().__init__()
        self.fc1 = nn.Linear(d_in, 64)
        self.fc2 = nn.Linear(64, d_model)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))


basis = torch.randn(4, 30)


def sample(n):
    z = torch.randn(n, 4)
    return torch.tanh(z @ basis) + 0.2 * torch.randn(n, 30), z


def pretrain():
    encoder = nn.DataParallel(Encoder())
    decoder = nn.Linear(32, 30)
    opt = torch.optim.Adam(list(encoder.parameters()) + list(decoder.parameters()), lr=2e-3)
    x, _ = sample(2000)
    for epoch in range(15):
        for xb in x[torch.randperm(len(x))].split(100):
            opt.zero_grad()
            F.mse_loss(decoder(encoder(xb)), xb).backward()
            opt.step()
    buffer = io.BytesIO()
    torch.save({"encoder": encoder.state_dict()}, buffer)
    buffer.seek(0)
    return buffer


def finetune(buffer, steps=300):
    encoder = Encoder()
    weights = torch.load(buffer, map_location="cpu")["encoder"]
    encoder.load_state_dict(weights, strict=False)
    for p in encoder.parameters():
        p.requires_grad_(False)
    head = nn.Linear(32, 1)
    opt = torch.optim.Adam(head.parameters(), lr=1e-2)
    x, z = sample(60)
    y = z[:, :1]
    for _ in range(steps):
        opt.zero_grad()
        F.mse_loss(head(encoder(x)), y).backward()
        opt.step()
    x, z = sample(500)
    with torch.no_grad():
        return F.mse_loss(head(encoder(x)), z[:, :1]).item()


print("probe error", round(finetune(pretrain()), 4))
