import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class Encoder(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 16), nn.BatchNorm1d(16))


class Probe(nn.Module):
    def __init__(self, encoder, n_classes):
        super().__init__()
        self.encoder = encoder
        self.fc = nn.Linear(16, n_classes)

    def forward(self, x):
        return self.fc(self.encoder(x))

    def freeze_encoder(self):
        for p in self.encoder.parameters():
            p.requires_grad = False
        self.encoder.eval()


def run_epoch(model, loader, optimizer):
    model.train()
    model.encoder.eval()
    for x, y in loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    return loss.item()


def pretrain(encoder):
    """Denoising pretext task on the source domain."""
    decoder = nn.Linear(16, 8)
    opt = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=3e-3)
    source = torch.randn(1024, 8)
    encoder.train()
    for _ in range(10):
        for idx in torch.randperm(1024).split(64):
            clean = source[idx]
            loss = nn.functional.mse_loss(decoder(encoder(clean + 0.2 * torch.randn_like(clean))), clean)
            opt.zero_grad()
            loss.backward()
            opt.step()


torch.manual_seed(33)
encoder = Encoder()
pretrain(encoder)
reference = encoder[1].running_mean.clone()

target_x = 1.5 * torch.randn(400, 8) + 0.7
target_y = (target_x[:, 0] > target_x[:, 1]).long()
loader = DataLoader(TensorDataset(target_x[:240], target_y[:240]), batch_size=16, shuffle=True)

model = Probe(encoder, 2)
model.freeze_encoder()
optimizer = torch.optim.Adam(model.fc.parameters(), lr=0.01)
for epoch in range(8):
    print("epoch", epoch, "loss", run_epoch(model, loader, optimizer))

model.eval()
with torch.no_grad():
    acc = (model(target_x[240:]).argmax(1) == target_y[240:]).float().mean().item()
print("probe accuracy", acc, "| encoder drift", (encoder[1].running_mean - reference).abs().max().item())
