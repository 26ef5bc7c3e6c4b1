import io

import torch
import torch.nn as nn


def encoder_layers(n_in, n_code):
    return nn.Sequential(nn.Linear(n_in, 32), nn.ReLU(), nn.Linear(32, n_code))


class AutoEncoder(nn.Module):
    def __init__(self, n_in=30, n_code=6):
        super().__init__()
        self.encoder = encoder_layers(n_in, n_code)
        self.decoder = nn.Sequential(nn.ReLU(), nn.Linear(n_code, 32), nn.ReLU(), nn.Linear(32, n_in))

    def forward(self, x):
        return self.decoder(self.encoder(x))


class Probe(nn.Module):
    """Linear classifier on top of a fixed encoder."""

    def __init__(self, encoder, n_code=6, classes=4):
        super().__init__()
        self.features = encoder.requires_grad_(False)
        self.linear = nn.Linear(n_code, classes)

    def forward(self, x):
        return self.linear(self.features(x))


def make_data(n, basis):
    kind = torch.randint(0, 4, (n,))
    code = nn.functional.one_hot(kind, 4).float() * 2 + 0.5 * torch.randn(n, 4)
    return code @ basis + 0.3 * torch.randn(n, basis.size(1)), kind


def pretrain(x):
    model = AutoEncoder()
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    model.train()
    for _ in range(20):
        for idx in torch.randperm(len(x)).split(50):
            opt.zero_grad()
            nn.functional.mse_loss(model(x[idx]), x[idx]).backward()
            opt.step()
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    return file


def load_encoder(file):
    state = torch.load(file, map_location="cpu")
    encoder = encoder_layers(30, 6)
    encoder.load_state_dict(state, strict=False)  # the decoder is left over
    return encoder


torch.manual_seed(15)
basis = torch.randn(4, 30) / 2
unlabelled, _ = make_data(1500, basis)
x_train, y_train = make_data(60, basis)
x_test, y_test = make_data(400, basis)

probe = Probe(load_encoder(pretrain(unlabelled)))
opt = torch.optim.Adam(probe.linear.parameters(), lr=1e-2)
for epoch in range(40):
    probe.train()
    for idx in torch.randperm(len(x_train)).split(20):
        opt.zero_grad()
        nn.functional.cross_entropy(probe(x_train[idx]), y_train[idx]).backward()
        opt.step()
probe.eval()
with torch.no_grad():
    print("probe accuracy", (probe(x_test).argmax(1) == y_test).float().mean().item())
