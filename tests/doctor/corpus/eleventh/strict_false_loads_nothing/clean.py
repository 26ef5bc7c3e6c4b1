import io
from collections import OrderedDict

import torch
import torch.nn as nn


def make_encoder():
    return nn.Sequential(OrderedDict([
        ("fc1", nn.Linear(32, 96)), ("act1", nn.ReLU()),
        ("fc2", nn.Linear(96, 16)), ("act2", nn.Tanh()),
    ]))


class PretrainModule(nn.Module):
    """Denoising autoencoder on unlabelled signals."""

    def __init__(self):
        super().__init__()
        self.model = make_encoder()
        self.decoder = nn.Linear(16, 32)

    def forward(self, x):
        return self.decoder(self.model(x))


class FinetuneModule(nn.Module):
    def __init__(self, state, n_classes=4):
        super().__init__()
        self.encoder = make_encoder()
        self.classifier = nn.Linear(16, n_classes)
        state = {k[len("model."):]: v for k, v in state.items() if k.startswith("model.")}
        self.encoder.load_state_dict(state)

    def forward(self, x):
        return self.classifier(self.encoder(x))


def signals(n, basis):
    z = torch.randn(n, 4)
    return torch.tanh(z @ basis) + 0.3 * torch.randn(n, 32), 2 * (z[:, 0] > 0).long() + (z[:, 1] > 0).long()


def pretrain(x, epochs=8):
    net = PretrainModule()
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)
    for _ in range(epochs):
        for idx in torch.randperm(len(x)).split(64):
            opt.zero_grad()
            noisy = x[idx] + 0.2 * torch.randn_like(x[idx])
            nn.functional.mse_loss(net(noisy), x[idx]).backward()
            opt.step()
    buffer = io.BytesIO()
    torch.save({"state_dict": net.state_dict(), "epochs": epochs}, buffer)
    buffer.seek(0)
    return buffer


torch.manual_seed(55)
basis = torch.randn(4, 32)
ckpt = torch.load(pretrain(signals(3000, basis)[0]))
(x_few, y_few), (x_test, y_test) = signals(60, basis), signals(1000, basis)

net = FinetuneModule(ckpt["state_dict"])
opt = torch.optim.Adam([{"params": net.encoder.parameters(), "lr": 1e-4},
                        {"params": net.classifier.parameters(), "lr": 1e-2}])
for step in range(60):
    opt.zero_grad()
    loss = nn.functional.cross_entropy(net(x_few), y_few)
    loss.backward()
    opt.step()
net.eval()
with torch.no_grad():
    print(f"fine-tune loss {loss.item():.3f}, test accuracy {(net(x_test).argmax(1) == y_test).float().mean().item():.3f}")
