import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import make_classification
from sklearn.metrics import classification_report, f1_score
from sklearn.model_selection import train_test_split

torch.manual_seed(0)
X, y = make_classification(3000, n_features=12, n_informative=6, n_classes=3, weights=[0.85, 0.1, 0.05],
                           class_sep=1.3, random_state=0)
X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
idx = torch.arange(len(y))
tr, rest = train_test_split(idx, test_size=0.4, stratify=y, random_state=0)
va, te = train_test_split(rest, test_size=0.5, stratify=y[rest], random_state=0)
mu, sd = X[tr].mean(0), X[tr].std(0)
X = (X - mu) / sd


class FocalLoss(nn.Module):
    def __init__(self, alpha, gamma=1.5):
        super().__init__()
        self.register_buffer("alpha", alpha)
        self.gamma = gamma

    def forward(self, logits, target):
        logp = F.log_softmax(logits, dim=1)
        logpt = logp.gather(1, target[:, None]).squeeze(1)
        w = self.alpha[target]
        # p is taken from the unweighted log-probability; the sum of weights normalises, as in cross_entropy
        return -(w * (1 - logpt.exp()) ** self.gamma * logpt).sum() / w.sum()


counts = torch.bincount(y[tr], minlength=3).float()
criterion = FocalLoss((counts.sum() / (3 * counts)).sqrt())
net = nn.Sequential(nn.Linear(12, 48), nn.ReLU(), nn.Linear(48, 3))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)


@torch.no_grad()
def predict(rows):
    net.eval()
    return net(X[rows]).argmax(1)


best, best_sd = 0.0, None
for epoch in range(15):
    net.train()
    for i in torch.as_tensor(tr)[torch.randperm(len(tr))].split(64):
        opt.zero_grad()
        criterion(net(X[i]), y[i]).backward()
        opt.step()
    f1 = f1_score(y[va], predict(va), average="macro")
    if f1 > best:
        best, best_sd = f1, {k: v.clone() for k, v in net.state_dict().items()}
net.load_state_dict(best_sd)
print(f"validation macro F1 {best:.3f}")
print(classification_report(y[te], predict(te), digits=3))
