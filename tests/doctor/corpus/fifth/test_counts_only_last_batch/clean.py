import torch
from torch import nn
from torch.utils.data import Dataset, DataLoader


class Parity(Dataset):
    """Random bit strings of fixed length; the label tells if the first k bits have an odd sum (10 % are wrong)."""

    def __init__(self, n, length=24, k=2, seed=0):
        g = torch.Generator().manual_seed(seed)
        self.bits = torch.randint(0, 2, (n, length), generator=g)
        flip = torch.rand(n, generator=g) < 0.1
        self.label = (self.bits[:, :k].sum(1) + flip.long()) % 2

    def __len__(self):
        return len(self.label)

    def __getitem__(self, i):
        return self.bits[i].float() * 2 - 1, self.label[i]


def train_one_epoch(net, loader, opt, ce):
    net.train()
    seen, total_loss = 0, 0.0
    for bits, label in loader:
        opt.zero_grad()
        loss = ce(net(bits), label)
        loss.backward()
        opt.step()
        total_loss += loss.item() * len(label)
        seen += len(label)
    return total_loss / seen


def test(net, loader):
    net.eval()
    correct = total = 0
    with torch.no_grad():
        for bits, label in loader:
            correct += net(bits).argmax(dim=1).eq(label).sum().item()
            total += label.size(0)
    return 100.0 * correct / total


def main():
    torch.manual_seed(0)
    train_loader = DataLoader(Parity(2000, seed=1), batch_size=50, shuffle=True)
    test_loader = DataLoader(Parity(330, seed=2), batch_size=100)
    net = nn.Sequential(nn.Linear(24, 48), nn.ReLU(), nn.Linear(48, 2))
    opt = torch.optim.Adam(net.parameters(), lr=4e-3)
    for epoch in range(6):
        loss = train_one_epoch(net, train_loader, opt, nn.CrossEntropyLoss())
        print(f"epoch {epoch}: train loss {loss:.3f}, test accuracy {test(net, test_loader):.1f}%")


main()
