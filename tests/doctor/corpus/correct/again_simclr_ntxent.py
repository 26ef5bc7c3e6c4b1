"""SimCLR with the NT-Xent loss on synthetic two-factor data; k-NN evaluation of the encoder."""
import torch
import torch.nn.functional as F
from sklearn.neighbors import KNeighborsClassifier
from torch import nn

torch.manual_seed(55)
N_CLASSES, D_SIGNAL, D_NUISANCE = 6, 8, 24
centers = 1.5 * torch.randn(N_CLASSES, D_SIGNAL)
mix = torch.linalg.qr(torch.randn(32, 32)).Q


def content(n):
    y = torch.randint(0, N_CLASSES, (n,))
    return centers[y] + 0.6 * torch.randn(n, D_SIGNAL), y


def render(signal):
    """Augmentation = re-drawing the nuisance coordinates and adding a little noise."""
    nuisance = 2.0 * torch.randn(len(signal), D_NUISANCE)
    return torch.cat([signal + 0.1 * torch.randn_like(signal), nuisance], 1) @ mix


def nt_xent(z1, z2, temperature=0.2):
    n = z1.size(0)
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    sim = z @ z.T / temperature
    sim.fill_diagonal_(float("-inf"))  # a sample is not its own candidate
    target = torch.cat([torch.arange(n, 2 * n), torch.arange(n)])
    return F.cross_entropy(sim, target)


encoder = nn.Sequential(nn.Linear(32, 128), nn.ReLU(), nn.Linear(128, 16))
head = nn.Sequential(nn.ReLU(), nn.Linear(16, 16))
train_sig, train_y = content(1500)
test_sig, test_y = content(500)
x_train, x_test = render(train_sig), render(test_sig)


def knn_accuracy():
    encoder.eval()
    with torch.no_grad():
        a, b = F.normalize(encoder(x_train), dim=1), F.normalize(encoder(x_test), dim=1)
    knn = KNeighborsClassifier(n_neighbors=7).fit(a.numpy(), train_y.numpy())
    return knn.score(b.numpy(), test_y.numpy())


print(f"before: knn acc {knn_accuracy():.3f}")
opt = torch.optim.Adam([*encoder.parameters(), *head.parameters()], lr=2e-3)
for epoch in range(12):
    encoder.train()
    head.train()
    losses = []
    for ids in torch.randperm(len(train_sig)).split(250):
        s = train_sig[ids]
        loss = nt_xent(head(encoder(render(s))), head(encoder(render(s))))
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    if epoch % 4 == 3:
        print(f"epoch {epoch + 1}: nt-xent {sum(losses) / len(losses):.3f}")
print(f"after: knn acc {knn_accuracy():.3f}")
