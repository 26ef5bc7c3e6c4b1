import torch
import torch.nn as nn
from sklearn.datasets import load_diabetes
from sklearn.metrics import r2_score
from torch.utils.data import DataLoader, Dataset, random_split


class Progression(Dataset):
    def __init__(self):
        raw = load_diabetes()
        self.table = raw.data * 20.0
        self.score = raw.target / 100.0

    def __len__(self):
        return self.table.shape[0]

    def __getitem__(self, row):
        features = torch.tensor(self.table[row], dtype=torch.float32)
        score = torch.tensor(self.score[row], dtype=torch.float32)
        return features, score


def predict(net, subset):
    net.eval()
    out = []
    with torch.no_grad():
        for f, _ in DataLoader(subset, batch_size=64):
            out.append(net(f).squeeze(-1))
    return torch.cat(out)


def main():
    torch.manual_seed(101)
    everything = Progression()
    train_set, test_set = random_split(everything, [342, 100])
    loader = DataLoader(train_set, batch_size=38, shuffle=True)
    net = nn.Sequential(nn.Linear(10, 32), nn.Softplus(), nn.Linear(32, 1))
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    for _ in range(30):
        net.train()
        for f, s in loader:
            opt.zero_grad()
            nn.functional.mse_loss(net(f).squeeze(-1), s.float()).backward()
            opt.step()
    truth = everything.score[test_set.indices]
    guess = predict(net, test_set).numpy()
    print("R2 %.3f  bias %.3f" % (r2_score(truth, guess), (guess - truth).mean()))


main()
