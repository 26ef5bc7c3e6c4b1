import tempfile
from pathlib import Path

import torch
from torch import nn

torch.manual_seed(8)


def make_encoder():
    return nn.Sequential(nn.Linear(30, 32), nn.ReLU(), nn.Linear(32, 6))


class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = make_encoder()
        self.decoder = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 30))

    def forward(self, x):
        return self.decoder(self.encoder(x))


# data on a 6-dimensional sheet, many unlabelled rows and only a few labels
mix = torch.randn(6, 30)
latent = torch.randn(1500, 6)
x = torch.tanh(latent @ mix) + 0.1 * torch.randn(1500, 30)
y = (latent[:, 0] * latent[:, 1] > 0).long()
x_unlabelled, x_few, y_few, x_test, y_test = x[:1000], x[1000:1100], y[1000:1100], x[1100:], y[1100:]

# ---- stage 1: pretraining
ae = AutoEncoder()
opt = torch.optim.Adam(ae.parameters(), lr=2e-3)
for epoch in range(10):
    for idx in torch.randperm(1000).split(50):
        opt.zero_grad()
        loss = nn.functional.mse_loss(ae(x_unlabelled[idx]), x_unlabelled[idx])
        loss.backward()
        opt.step()
print("pretraining mse", round(loss.item(), 4))
ckpt = Path(tempfile.mkdtemp()) / "ae.pt"
torch.save({"state_dict": ae.state_dict()}, ckpt)

# ---- stage 2: frozen encoder + small head on the few labels
encoder = make_encoder()
state = torch.load(ckpt, weights_only=True)["state_dict"]
encoder.load_state_dict({k[len("encoder."):]: v for k, v in state.items() if k.startswith("encoder.")})
encoder.requires_grad_(False)
encoder.eval()

head = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 2))
opt = torch.optim.Adam(head.parameters(), lr=5e-3, weight_decay=1e-4)
with torch.no_grad():
    z_few, z_test = encoder(x_few), encoder(x_test)
for step in range(150):
    opt.zero_grad()
    loss = nn.functional.cross_entropy(head(z_few), y_few)
    loss.backward()
    opt.step()
with torch.no_grad():
    acc = (head(z_test).argmax(1) == y_test).float().mean().item()
print(f"test accuracy {acc:.3f}")
