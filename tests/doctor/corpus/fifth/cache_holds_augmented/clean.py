import random
import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader


class Spectra(Dataset):
    """Slow to compute, so finished spectra are remembered."""

    def __init__(self, signals, labels, train):
        self.signals = signals
        self.labels = labels
        self.train = train
        self._done = {}

    def __len__(self):
        return len(self.signals)

    def _spectrum(self, i):
        mag = torch.fft.rfft(self.signals[i]).abs()
        return torch.log1p(mag)

    @staticmethod
    def _mask_band(spec):
        width = random.randint(1, 5)
        start = random.randint(0, spec.numel() - width)
        spec = spec.clone()
        spec[start:start + width] = 0
        return spec * random.uniform(0.8, 1.2)

    def __getitem__(self, i):
        if i not in self._done:
            self._done[i] = self._spectrum(i)
        spec = self._done[i]
        if self.train:
            spec = self._mask_band(spec)
        return spec, self.labels[i]


class Trainer:
    def __init__(self, model, lr):
        self.model = model
        self.opt = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=1e-3)
        self.loss = nn.CrossEntropyLoss()

    def epoch(self, loader):
        self.model.train()
        for spec, lab in loader:
            self.opt.zero_grad(set_to_none=True)
            self.loss(self.model(spec), lab).backward()
            self.opt.step()

    @torch.inference_mode()
    def score(self, loader):
        self.model.eval()
        return sum((self.model(s).argmax(1) == t).sum().item() for s, t in loader) / len(loader.dataset)


def tones(n, freqs=(4, 6, 9, 13)):
    t = torch.linspace(0, 1, 96)
    lab = torch.randint(0, len(freqs), (n,))
    f = torch.tensor(freqs)[lab].float() + 0.5 * torch.randn(n)
    phase = 6.28 * torch.rand(n, 1)
    return torch.sin(6.2832 * f[:, None] * t + phase) + 0.9 * torch.randn(n, 96), lab


if __name__ == "__main__":
    random.seed(0)
    torch.manual_seed(0)
    sig, lab = tones(500)
    train_dl = DataLoader(Spectra(sig[:350], lab[:350], train=True), batch_size=35, shuffle=True)
    val_dl = DataLoader(Spectra(sig[350:], lab[350:], train=False), batch_size=50)
    net = nn.Sequential(nn.Linear(49, 64), nn.ReLU(), nn.Linear(64, 4))
    trainer = Trainer(net, lr=3e-3)
    for ep in range(10):
        trainer.epoch(train_dl)
        print(ep, round(trainer.score(val_dl), 3))
