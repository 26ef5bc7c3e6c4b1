# Stochastic weight averaging on a small 1D-CNN: which of four motifs is hidden in the sequence?
import torch
import torch.nn as nn
from torch.optim import swa_utils
from torch.utils.data import DataLoader, Dataset

EPOCHS, SWA_START = 10, 6


class Motifs(Dataset):
    patterns = torch.tensor([[1, 3, 0, 2, 1], [2, 2, 0, 3, 1], [0, 1, 3, 3, 2], [3, 0, 0, 1, 2]])

    def __init__(self, n, seed):
        g = torch.Generator().manual_seed(seed)
        self.letters = torch.randint(0, 4, (n, 40), generator=g)
        self.kind = torch.randint(0, 4, (n,), generator=g)
        start = torch.randint(0, 36, (n,), generator=g)
        columns = start[:, None] + torch.arange(5)
        self.letters.scatter_(1, columns, self.patterns[self.kind])

    def __len__(self):
        return len(self.kind)

    def __getitem__(self, i):
        onehot = nn.functional.one_hot(self.letters[i], 4).T.float()
        return onehot, self.kind[i]


def conv_block(c_in, c_out):
    return [nn.Conv1d(c_in, c_out, 5, padding=2, bias=False), nn.BatchNorm1d(c_out), nn.ReLU()]


def accuracy(net, loader):
    net.eval()
    right = 0
    with torch.no_grad():
        for x, t in loader:
            right += (net(x).argmax(dim=1) == t).sum().item()
    return right / len(loader.dataset)


def main():
    torch.manual_seed(13)
    train_loader = DataLoader(Motifs(1200, seed=1), batch_size=40, shuffle=True)
    test_loader = DataLoader(Motifs(500, seed=2), batch_size=250)

    net = nn.Sequential(*conv_block(4, 24), *conv_block(24, 24), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(24, 4))
    swa_net = swa_utils.AveragedModel(net)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
    swa_scheduler = swa_utils.SWALR(optimizer, swa_lr=0.02, anneal_epochs=2)
    criterion = nn.CrossEntropyLoss()

    for epoch in range(EPOCHS):
        net.train()
        for x, t in train_loader:
            optimizer.zero_grad()
            criterion(net(x), t).backward()
            optimizer.step()
        if epoch >= SWA_START:
            swa_net.update_parameters(net)
            swa_scheduler.step()

    print(f"last weights     {accuracy(net, test_loader):.3f}")
    print(f"averaged weights {accuracy(swa_net, test_loader):.3f} (mean of {int(swa_net.n_averaged)})")


if __name__ == "__main__":
    main()
