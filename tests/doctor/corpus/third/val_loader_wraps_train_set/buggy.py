import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, random_split


class ParityBits(Dataset):
    def __init__(self, n=900, bits=12, noise=0.05):
        x = torch.randint(0, 2, (n, bits)).float()
        y = (x[:, :3].sum(1) % 2).long()
        flip = torch.rand(n) < noise
        self.x = 2 * x - 1
        self.y = torch.where(flip, 1 - y, y)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class DataModule:
    def __init__(self, batch_size=32, val_fraction=0.25, seed=0):
        self.batch_size = batch_size
        self.val_fraction = val_fraction
        self.generator = torch.Generator().manual_seed(seed)

    def setup(self):
        full = ParityBits()
        self.train_set, self.val_set = random_split(
            full, [1 - self.val_fraction, self.val_fraction], generator=self.generator)

    def train_dataloader(self):
        return DataLoader(self.train_set, batch_size=self.batch_size, shuffle=True)

    def val_dataloader(self):
        return DataLoader(self.train_set, batch_size=self.batch_size, shuffle=False)


class Module(nn.Module):
    def __init__(self, bits=12, hidden=64):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(bits, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(),
                                    nn.Linear(hidden, 2))

    def forward(self, x):
        return self.layers(x)

    def training_step(self, batch):
        x, y = batch
        return nn.functional.cross_entropy(self(x), y)

    def validation_step(self, batch):
        x, y = batch
        return (self(x).argmax(-1) == y).sum().item(), len(y)

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=3e-3, weight_decay=1e-3)


class Loop:
    def __init__(self, max_epochs):
        self.max_epochs = max_epochs

    def fit(self, module, data):
        data.setup()
        optimizer = module.configure_optimizers()
        for epoch in range(self.max_epochs):
            module.train()
            for batch in data.train_dataloader():
                optimizer.zero_grad()
                module.training_step(batch).backward()
                optimizer.step()
            module.eval()
            with torch.no_grad():
                outs = [module.validation_step(b) for b in data.val_dataloader()]
            hits, count = map(sum, zip(*outs))
            print(f'epoch {epoch} val_acc {hits / count:.3f}')


torch.manual_seed(0)
Loop(max_epochs=12).fit(Module(), DataModule())
