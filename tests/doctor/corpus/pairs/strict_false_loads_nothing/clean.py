import io
import torch
from torch import nn


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 8))

    def forward(self, x):
        return self.net(x)


class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.decoder = nn.Linear(8, 10)

    def forward(self, x):
        return self.decoder(self.encoder(x))


torch.manual_seed(65)
x = torch.randn(500, 10) @ torch.randn(10, 10) * 0.4
ae = AutoEncoder()
opt = torch.optim.Adam(ae.parameters(), lr=5e-3)
for _ in range(150):
    i = torch.randint(0, 500, (64,))
    opt.zero_grad()
    nn.functional.mse_loss(ae(x[i]), x[i]).backward()
    opt.step()
buffer = io.BytesIO()
torch.save(ae.state_dict(), buffer)

buffer.seek(0)
state = torch.load(buffer)
encoder = Encoder()
encoder.load_state_dict({k[len("encoder.") :]: v for k, v in state.items() if k.startswith("encoder.")})
encoder.requires_grad_(False).eval()
probe = nn.Linear(8, 2)
y = (x[:, 0] > 0).long()
opt = torch.optim.Adam(probe.parameters(), lr=1e-2)
for epoch in range(100):
    i = torch.randint(0, 400, (64,))
    opt.zero_grad()
    nn.functional.cross_entropy(probe(encoder(x[i])), y[i]).backward()
    opt.step()
probe.eval()
with torch.no_grad():
    print("probe acc", (probe(encoder(x[400:])).argmax(1) == y[400:]).float().mean().item())
