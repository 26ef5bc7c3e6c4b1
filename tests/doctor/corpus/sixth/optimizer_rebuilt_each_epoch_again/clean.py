# %% imports
import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader

# %% data: parity of three out of ten bits
class BitParity(Dataset):
    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.bits = torch.randint(0, 2, (n, 10), generator=g).float()
        self.signs = self.bits * 2 - 1
        self.parity = self.bits[:, [1, 4, 7]].sum(1).long() % 2

    def __len__(self):
        return len(self.bits)

    def __getitem__(self, i):
        return self.signs[i], self.parity[i]

# every 10-bit pattern may appear in both samples, so hold out by content
full = BitParity(1400, seed=0)
held_out = full.bits[:, [0, 2]].sum(1) == 2
full_idx = torch.arange(len(full))
train_ds = torch.utils.data.Subset(full, full_idx[~held_out].tolist())
test_ds = torch.utils.data.Subset(full, full_idx[held_out].tolist())
train_loader = DataLoader(train_ds, batch_size=256, shuffle=True)
test_loader = DataLoader(test_ds, batch_size=256)

# %% pieces
def make_optimizer(net):
    return torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.95)

def train_epoch(net, loss_fn, opt):
    net.train()
    total = 0.0
    for xb, yb in train_loader:
        opt.zero_grad()
        loss = loss_fn(net(xb), yb)
        loss.backward()
        opt.step()
        total += loss.item() * len(yb)
    return total / len(train_ds)

def test_accuracy(net):
    net.eval()
    good = 0
    with torch.no_grad():
        for xb, yb in test_loader:
            good += (net(xb).argmax(1) == yb).sum().item()
    return good / len(test_ds)

# %% run
torch.manual_seed(2)
net = nn.Sequential(nn.Linear(10, 48), nn.ReLU(), nn.Linear(48, 2))
loss_fn = nn.CrossEntropyLoss()
opt = make_optimizer(net)
for epoch in range(25):
    loss = train_epoch(net, loss_fn, opt)
    print(f"{epoch:2d} loss {loss:.3f} test {test_accuracy(net):.3f}")
